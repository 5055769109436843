// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Which CPU a domain is offered, and what tools may choose of it.
#include "kit/case.hpp"
#include "kit/cpu_policy.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

#include <algorithm>

asm(R"(
        .section .rodata
policy_reader:                                  # leaves what forced CPUID says, four words a leaf, and powers off
        mov     $0xffffffff80001000, %rbp
        mov     $1, %eax
        xor     %ecx, %ecx
        call    1f
        mov     $7, %eax
        xor     %ecx, %ecx
        call    1f
        mov     $0xd, %eax
        xor     %ecx, %ecx
        call    1f
        mov     $0xffffffff80001000, %rbx
        movl    $0, 256(%rbx)                   # SHUTDOWN_poweroff
        lea     256(%rbx), %rsi
        mov     $2, %edi                        # SCHEDOP_shutdown
        mov     $29, %eax
        syscall
0:      jmp     0b
1:      ud2
        .ascii  "xen"
        cpuid
        mov     %eax, (%rbp)
        mov     %ebx, 4(%rbp)
        mov     %ecx, 8(%rbp)
        mov     %edx, 12(%rbp)
        add     $16, %rbp
        ret
policy_end:
        .previous
)");
extern "C" const std::byte policy_reader[], policy_end[];

namespace kit {
namespace {

constexpr std::uint32_t all = ~0u;
constexpr unsigned features_in_all = 19;
constexpr std::uint32_t xsave = 1u << 26, avx2 = 1u << 5;

// What a refusal says, all ones where there is nothing to say. Where nothing was looked at, or all went well, these stay
// as they were.
struct Answer {
    Status status;
    std::uint32_t leaf, subleaf, msr;
};
Answer choose(unsigned domain, Policy& policy) {
    xen_domctl_t request{};
    fill(request.u.cpu_policy, policy);
    const auto status = domctl(XEN_DOMCTL_set_cpu_policy, domain, request);
    const auto& said = request.u.cpu_policy;
    return {status, said.err_leaf, said.err_subleaf, said.err_msr};
}
Answer choose_leaf(unsigned domain, const xen_cpuid_leaf_t& leaf) {
    static Policy one;
    one.leaves[0] = leaf;
    one.leaf_count = 1;
    one.msr_count = 0;
    return choose(domain, one);
}
Answer choose_msr(unsigned domain, const xen_msr_entry_t& msr) {
    static Policy one;
    one.msrs[0] = msr;
    one.leaf_count = 0;
    one.msr_count = 1;
    return choose(domain, one);
}

bool says(const Answer& answer, Status status, std::uint32_t leaf = none, std::uint32_t subleaf = none,
          std::uint32_t msr = none, Location where = Location::current()) {
    return expect_equal(answer.status, status, where) && expect_equal(answer.leaf, leaf, where) &&
           expect_equal(answer.subleaf, subleaf, where) && expect_equal(answer.msr, msr, where);
}

bool accepted(const Answer& answer, Location where = Location::current()) { return says(answer, 0, 0, 0, 0, where); }

bool same(const xen_cpuid_leaf_t& one, const xen_cpuid_leaf_t& other) {
    return one.a == other.a && one.b == other.b && one.c == other.c && one.d == other.d;
}

xen_cpuid_leaf_t forced(std::uint32_t number, std::uint32_t subleaf = none) {
    xen_cpuid_leaf_t leaf{number, subleaf, number, 0, subleaf == none ? 0 : subleaf, 0};
    asm volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(leaf.a), "+b"(leaf.b), "+c"(leaf.c), "+d"(leaf.d));
    return leaf;
}

bool in_order(const Policy& policy) {
    for (unsigned i = 1; i < policy.leaf_count; ++i) {
        const auto &before = policy.leaves[i - 1], &here = policy.leaves[i];
        if (before.leaf > here.leaf || (before.leaf == here.leaf && before.subleaf >= here.subleaf)) return false;
    }
    return policy.leaf_count > 20;
}

// A domain that has not run yet, for one case after the other; the last of them starts it.
SmallDomain& other() {
    static SmallDomain domain({policy_reader, policy_end});
    expect_equal(domain.trouble, 0);
    return domain;
}

constexpr auto table = std::to_array<Case>({
    {"sysctl.get_cpu_policy", "tells how long the lists can be", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_policy, request), 0);
        expect_equal(request.u.cpu_policy.nr_leaves, most_leaves);
        expect_equal(request.u.cpu_policy.nr_msrs, most_msrs);
    }},
    {"sysctl.get_cpu_policy", "refuses policies it does not know, and what is reserved", [] {
        xen_sysctl_t request{};
        request.u.cpu_policy.index = 6;
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_policy, request), -XEN_EINVAL);
        request = {};
        request.u.cpu_policy._rsvd = 1;
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_policy, request), -XEN_EINVAL);
    }},
    {"sysctl.get_cpu_policy", "lists the leaves in order, each once", [] {
        for (const unsigned index : {XEN_SYSCTL_cpu_policy_raw, XEN_SYSCTL_cpu_policy_host, XEN_SYSCTL_cpu_policy_pv_max,
                                     XEN_SYSCTL_cpu_policy_pv_default})
            expect(in_order(system_policy(index)));
    }},
    {"sysctl.get_cpu_policy", "has two MSRs, zero for PV guests", [] {
        const Policy& usual = system_policy(XEN_SYSCTL_cpu_policy_pv_default);
        expect_equal(usual.msr_count, 2);
        expect_equal(usual.msrs[0].idx, 0xce);
        expect_equal(usual.msrs[0].val, 0);
        expect_equal(usual.msrs[1].idx, 0x10a);
        expect_equal(usual.msrs[1].val, 0);
    }},
    {"sysctl.get_cpu_policy", "refuses lists that are too short", [] {
        static Policy policy;
        policy.leaf_count = 3;
        expect_equal(read_system(XEN_SYSCTL_cpu_policy_host, policy), -XEN_ENOBUFS);
        policy.leaf_count = most_leaves;
        policy.msr_count = 1;
        expect_equal(read_system(XEN_SYSCTL_cpu_policy_host, policy), -XEN_ENOBUFS);
        expect(policy.leaf_count < most_leaves);   // what fitted is told
    }},
    {"sysctl.get_cpu_policy", "refuses lists that cannot be written", [] {
        xen_sysctl_t request{};
        request.u.cpu_policy.nr_leaves = most_leaves;
        request.u.cpu_policy.leaves.p = reinterpret_cast<xen_cpuid_leaf_t*>(nowhere);
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_policy, request), -XEN_EFAULT);
        request.u.cpu_policy.leaves.p = nullptr;
        request.u.cpu_policy.nr_msrs = most_msrs;
        request.u.cpu_policy.msrs.p = reinterpret_cast<xen_msr_entry_t*>(nowhere);
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_policy, request), -XEN_EFAULT);
        request = {};
        request.u.cpu_featureset.nr_features = 1;
        request.u.cpu_featureset.features.p = reinterpret_cast<std::uint32_t*>(nowhere);
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), -XEN_EFAULT);
    }},
    {"sysctl.get_cpu_policy", "offers a PV guest what a kernel in ring 3 can use", [] {
        const auto leaf = system_policy(XEN_SYSCTL_cpu_policy_pv_default).leaf(1);
        constexpr std::uint32_t hypervisor = 1u << 31, vmx = 1u << 5, osxsave = 1u << 27, monitor = 1u << 3;
        constexpr std::uint32_t fpu = 1, page_size_extensions = 1u << 3, global_pages = 1u << 13;
        expect_equal(leaf.c & (hypervisor | vmx | osxsave | monitor), hypervisor);
        expect_equal(leaf.d & (fpu | page_size_extensions | global_pages), fpu);
    }},
    {"sysctl.get_cpu_policy", "has none for HVM guests where there are none", [] {
        if (on_stock_xen()) return skip("stock Xen runs HVM guests here");
        static Policy policy;
        for (const unsigned index : {XEN_SYSCTL_cpu_policy_hvm_max, XEN_SYSCTL_cpu_policy_hvm_default})
            expect_equal(read_system(index, policy), -XEN_EOPNOTSUPP);
        static std::uint32_t word;
        xen_sysctl_t request{};
        set_xen_guest_handle(request.u.cpu_featureset.features, &word);
        request.u.cpu_featureset.nr_features = 1;
        for (const unsigned index : {XEN_SYSCTL_cpu_featureset_hvm, XEN_SYSCTL_cpu_featureset_hvm_max}) {
            request.u.cpu_featureset.index = index;
            expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), -XEN_EOPNOTSUPP);
        }
    }},
    {"sysctl.get_cpu_featureset", "gives the words of the policies' leaves", [] {
        static std::array<std::uint32_t, 32> words;
        words.fill(7);
        xen_sysctl_t request{};
        request.u.cpu_featureset.index = XEN_SYSCTL_cpu_featureset_host;
        request.u.cpu_featureset.nr_features = words.size();
        set_xen_guest_handle(request.u.cpu_featureset.features, words.data());
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), 0);
        expect_equal(request.u.cpu_featureset.nr_features, features_in_all);
        expect_equal(words[features_in_all], 7);
        const Policy& host = system_policy(XEN_SYSCTL_cpu_policy_host);
        expect_equal(words[0], host.leaf(1).d);
        expect_equal(words[1], host.leaf(1).c);
        expect_equal(words[3], host.leaf(0x80000001).c);
        expect_equal(words[4], host.leaf(0xd, 1).a);
        expect_equal(words[5], host.leaf(7, 0).b);
    }},
    {"sysctl.get_cpu_featureset", "tells how many words there are, and when there are more", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), 0);
        expect_equal(request.u.cpu_featureset.nr_features, features_in_all);
        static std::array<std::uint32_t, 4> words{1, 1, 1, 1};
        request.u.cpu_featureset.nr_features = 3;
        set_xen_guest_handle(request.u.cpu_featureset.features, words.data());
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), -XEN_ENOBUFS);
        expect_equal(request.u.cpu_featureset.nr_features, 3);
        expect(words[0] != 1 && words[3] == 1);
        request.u.cpu_featureset.index = 6;
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), -XEN_EINVAL);
    }},
    {"sysctl.get_cpu_levelling_caps", "answers", [] {
        xen_sysctl_t request{};
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_levelling_caps, request), 0);
    }},
    {"domctl.get_cpu_policy", "is what forced CPUID shows a kernel", [] {
        const Policy& own = policy_of(0);
        expect(in_order(own));
        for (const auto [leaf, subleaf] : {std::pair{0u, none}, {7u, 0u}, {0xdu, 2u}, {0x80000000u, none},
                                           {0x80000002u, none}, {0x80000007u, none}, {0x80000008u, none}})
            if (!same(own.leaf(leaf, subleaf), forced(leaf, subleaf))) fail(Line{} << "leaf " << leaf);
        expect_equal(own.leaf(0xd, 0).c, forced(0xd, 0).c);
    }},
    {"domctl.get_cpu_policy", "tells how long the lists can be, and refuses shorter ones", [] {
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_get_cpu_policy, 0, request), 0);
        expect_equal(request.u.cpu_policy.nr_leaves, most_leaves);
        expect_equal(request.u.cpu_policy.nr_msrs, most_msrs);
        static Policy policy;
        policy.leaf_count = 2;
        request = {};
        fill(request.u.cpu_policy, policy);
        expect_equal(domctl(XEN_DOMCTL_get_cpu_policy, 0, request), -XEN_ENOBUFS);
        expect_equal(domctl(XEN_DOMCTL_get_cpu_policy, 77, request), -XEN_ESRCH);
        policy.leaf_count = most_leaves;
        policy.msr_count = 1;
        fill(request.u.cpu_policy, policy);
        expect_equal(domctl(XEN_DOMCTL_get_cpu_policy, 0, request), -XEN_ENOBUFS);
        expect_equal(request.u.cpu_policy.nr_leaves, most_leaves);      // nothing of it is told
    }},
    {"domctl.set_cpu_policy", "is not for the caller itself", [] {
        says(choose(0, policy_of(0)), -XEN_EINVAL, 0, 0, 0);
    }},
    {"domctl.set_cpu_policy", "takes the policy that the domain has", [] {
        const unsigned id = other().id;
        static Policy before;
        before = policy_of(id);
        accepted(choose(id, before));
        const Policy& after = policy_of(id);
        expect_equal(after.leaf_count, before.leaf_count);
        expect(std::ranges::equal(after.leaves, before.leaves, same));
    }},
    {"domctl.set_cpu_policy", "refuses more leaves than the most, and says where", [] {
        const unsigned id = other().id;
        says(choose_leaf(id, {0, none, 0xe, 0, 0, 0}), -XEN_EINVAL, 0);
        says(choose_leaf(id, {7, 0, 9, 0, 0, 0}), -XEN_EINVAL, 7, 0);
        says(choose_leaf(id, {0x80000000, none, 0x80000022, 0, 0, 0}), -XEN_EINVAL, 0x80000000);
        expect_equal(policy_of(id).leaf(0).a, system_policy(XEN_SYSCTL_cpu_policy_pv_default).leaf(0).a);
    }},
    {"domctl.set_cpu_policy", "refuses leaves that there are not, and says which", [] {
        const unsigned id = other().id;
        for (const auto [leaf, subleaf] : {std::pair{0xeu, none}, {1u, 0u}, {4u, 6u}, {7u, 3u}, {0xbu, 2u}, {0xdu, 63u},
                                           {0x40000001u, none}, {0x80000022u, none}})
            says(choose_leaf(id, {leaf, subleaf, 0, 0, 0, 0}), -XEN_ERANGE, leaf, subleaf);
    }},
    {"domctl.set_cpu_policy", "refuses lists that are too long, and bad addresses", [] {
        const unsigned id = other().id;
        static Policy policy;
        policy.leaf_count = most_leaves + 1;
        says(choose(id, policy), -XEN_E2BIG);
        policy.leaf_count = 0;
        policy.msr_count = most_msrs + 1;
        says(choose(id, policy), -XEN_E2BIG);
        xen_domctl_t request{};
        request.u.cpu_policy.nr_leaves = 1;
        request.u.cpu_policy.leaves.p = reinterpret_cast<xen_cpuid_leaf_t*>(nowhere);
        expect_equal(domctl(XEN_DOMCTL_set_cpu_policy, id, request), -XEN_EFAULT);
        expect_equal(domctl(XEN_DOMCTL_set_cpu_policy, 77, request), -XEN_ESRCH);
    }},
    {"domctl.set_cpu_policy", "refuses MSRs that a PV guest has not, and says which", [] {
        const unsigned id = other().id;
        accepted(choose_msr(id, {0xce, 0, 0}));
        accepted(choose_msr(id, {0x10a, 0, 0}));
        says(choose_msr(id, {0xce, 0, 1u << 31}), -XEN_EINVAL, none, none, 0xce);
        says(choose_msr(id, {0xce, 1, 0}), -XEN_EINVAL, none, none, 0xce);
        says(choose_msr(id, {0xce, 0, 1ull << 33}), -XEN_EOVERFLOW, none, none, 0xce);
        says(choose_msr(id, {0x10b, 0, 0}), -XEN_ERANGE, none, none, 0x10b);
    }},
    {"domctl.set_cpu_policy", "never offers what the most does not", [] {
        const unsigned id = other().id;
        const auto first = system_policy(XEN_SYSCTL_cpu_policy_pv_max).leaf(1);
        const auto more = system_policy(XEN_SYSCTL_cpu_policy_pv_max).leaf(7, 0);
        accepted(choose_leaf(id, {1, none, all, all, all, all}));
        accepted(choose_leaf(id, {7, 0, 0, all, all, all}));
        accepted(choose_leaf(id, {0xd, 0, all, all, all, all}));
        accepted(choose_leaf(id, {0x80000008, none, all, all, all, all}));
        const Policy& got = policy_of(id);
        expect_equal(got.leaf(1).c, first.c);
        expect_equal(got.leaf(1).d, first.d);
        expect_equal(got.leaf(7, 0).b, more.b);
        expect_equal(got.leaf(7, 0).c, more.c);
        expect_equal(got.leaf(0xd, 0).a, system_policy(XEN_SYSCTL_cpu_policy_pv_max).leaf(0xd, 0).a);
        expect_equal(got.leaf(0x80000008).a, system_policy(XEN_SYSCTL_cpu_policy_pv_max).leaf(0x80000008).a);
    }},
    {"domctl.set_cpu_policy", "ends where it is told to", [] {
        const unsigned id = other().id;
        auto leaf = policy_of(id).leaf(0);
        const auto last = leaf.a;
        leaf.a = 4;
        accepted(choose_leaf(id, leaf));
        const Policy& early = policy_of(id);
        expect_equal(early.leaf(0).a, 4);
        expect_equal(early.leaf(7, 0).b | early.leaf(0xd, 0).a | (early.leaf(1).c & xsave), 0);
        // What was lost does not come back.
        leaf.a = last;
        accepted(choose_leaf(id, leaf));
        expect_equal(policy_of(id).leaf(7, 0).b, 0);
    }},
    {"domctl.set_cpu_policy", "takes features along that need what is taken away, and the domain sees it", [] {
        const unsigned id = other().id;
        const Policy& usual = system_policy(XEN_SYSCTL_cpu_policy_pv_default);
        static Policy wish;
        wish = usual;
        accepted(choose(id, wish));
        expect(policy_of(id).leaf(7, 0).b & avx2);
        auto leaf = usual.leaf(1);
        leaf.c &= ~xsave;
        accepted(choose_leaf(id, leaf));
        const Policy& got = policy_of(id);
        expect_equal(got.leaf(7, 0).b & avx2, 0);
        expect_equal(got.leaf(0xd, 0).a, 0);
        expect_equal(other().start(), 0);
        expect_equal(other().ended(), SHUTDOWN_poweroff);
        expect_equal(other().read(SmallDomain::data, 1) & xsave, 0);              // 1.ecx
        expect_equal(other().read(SmallDomain::data, 2) >> 32, got.leaf(7, 0).b); // 7.ebx
        expect_equal(other().read(SmallDomain::data, 4) & all, 0);                // d.eax
    }},
    {"domctl.set_cpu_policy", "comes too late for a domain that has run", [] {
        static Policy nothing;
        nothing.leaf_count = nothing.msr_count = 0;
        says(choose(other().id, nothing), -XEN_EEXIST, 0, 0, 0);
        expect_equal(other().destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
