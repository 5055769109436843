// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The processor that a hardware-assisted guest is shown: what tools choose, CPUID, CR4 and XCR0.
#include "kit/case.hpp"
#include "kit/cpu_policy.hpp"
#include "kit/listed_acts.hpp"

#include <algorithm>

namespace kit {
namespace {

constexpr std::uint32_t hypervisor = 1u << 31, x2apic = 1u << 21, apic = 1u << 9, xsave = 1u << 26, osxsave = 1u << 27;
constexpr std::uint32_t monitor = 1u << 3, vmx = 1u << 5, pcid = 1u << 17, svm = 1u << 2, avx = 1u << 28;
constexpr std::uint32_t cr4_osxsave = 1u << 18;

// Runs to its end.
struct Ran : ListedActs {
    explicit Ran(std::span<const Act> acts) : ListedActs(acts) {
        expect_equal(trouble, 0);
        expect_equal(run(), unsigned{SHUTDOWN_poweroff});
    }
    ~Ran() { expect_equal(destroy(), 0); }
};

bool same(const xen_cpuid_leaf_t& one, const Outcome& other) {
    // AMD says these features of leaf 1 again, of which stock Xen's policies keep nothing.
    const std::uint32_t said_twice = one.leaf == 0x80000001 ? 0x0183f3ff : 0;
    return one.a == other.a && one.b == other.b && one.c == other.c && (one.d | said_twice) == (other.d | said_twice);
}

// And SVM itself, which stock Xen's policy has and does not show.
bool depends_on_vcpu(const xen_cpuid_leaf_t& leaf) {
    if (leaf.leaf == 0x8000000a) return true;
    return leaf.leaf == 1 || leaf.leaf == 0xb || (leaf.leaf == 0xd && leaf.subleaf < 2) || leaf.leaf >> 16 == 0x4000;
}

Policy& hvm_usual() { return system_policy(XEN_SYSCTL_cpu_policy_hvm_default); }

std::int64_t choose_leaf(unsigned domain, const xen_cpuid_leaf_t& leaf) {
    static Policy one;
    one.leaves[0] = leaf;
    one.leaf_count = 1;
    one.msr_count = 0;
    xen_domctl_t request{};
    fill(request.u.cpu_policy, one);
    return domctl(XEN_DOMCTL_set_cpu_policy, domain, request);
}

constexpr auto table = std::to_array<Case>({
    {"sysctl.get_cpu_policy", "offers a hardware-assisted guest ring 0, and no machine in the machine", [] {
        for (const unsigned index : {XEN_SYSCTL_cpu_policy_hvm_max, XEN_SYSCTL_cpu_policy_hvm_default}) {
            const Policy& policy = system_policy(index);
            expect_equal(policy.leaf(1).c & (hypervisor | x2apic | osxsave | monitor), hypervisor | x2apic);
            expect_equal(policy.leaf(1).d & apic, apic);
            if (index == XEN_SYSCTL_cpu_policy_hvm_default) expect_equal(policy.leaf(1).c & vmx, 0);
            if (index == XEN_SYSCTL_cpu_policy_hvm_default) expect_equal(policy.leaf(0x80000001).c & svm, 0);
        }
    }},
    {"sysctl.get_cpu_featureset", "gives the words of a hardware-assisted guest's leaves", [] {
        static std::array<std::uint32_t, 19> words;
        xen_sysctl_t request{};
        request.u.cpu_featureset.index = XEN_SYSCTL_cpu_featureset_hvm;
        request.u.cpu_featureset.nr_features = words.size();
        set_xen_guest_handle(request.u.cpu_featureset.features, words.data());
        expect_equal(sysctl(XEN_SYSCTL_get_cpu_featureset, request), 0);
        expect_equal(words[0], hvm_usual().leaf(1).d);
        expect_equal(words[1], hvm_usual().leaf(1).c);
        expect_equal(words[5], hvm_usual().leaf(7, 0).b);
    }},
    {"sysctl.get_cpu_policy", "offers it nothing that its CR4 cannot switch on or no switch carries", [] {
        if (on_stock_xen()) return skip("stock Xen carries protection keys and tags");
        const Policy& policy = system_policy(XEN_SYSCTL_cpu_policy_hvm_max);
        constexpr std::uint32_t protection_keys = 1u << 3, xsaves = 1u << 3, invpcid = 1u << 10;
        expect_equal(policy.leaf(1).c & pcid, 0);
        expect_equal(policy.leaf(7, 0).c & protection_keys, 0);
        expect_equal(policy.leaf(7, 0).b & invpcid, 0);
        expect_equal(policy.leaf(0xd, 1).a & xsaves, 0);
    }},
    {"domctl.get_cpu_policy", "is what CPUID shows a hardware-assisted guest", [] {
        static std::array<Act, ListedActs::most> acts;
        static Policy policy;
        policy = hvm_usual();
        unsigned count = 0;
        for (unsigned at = 0; at < policy.leaf_count; ++at) {
            const auto& leaf = policy.leaves[at];
            acts[count++] = ask_leaf(leaf.leaf, leaf.subleaf == none ? 0 : leaf.subleaf);
        }
        const Ran ran(std::span(acts).first(count));
        for (unsigned at = 0; at < count; ++at)
            if (!depends_on_vcpu(policy.leaves[at]) && !same(policy.leaves[at], ran.of(at)))
                fail(Line{} << "leaf " << policy.leaves[at].leaf << "." << policy.leaves[at].subleaf);
        expect_equal(policy_of(ran.id).leaf_count, policy.leaf_count);
    }},
    {in_words("hardware-assisted guests"), "are told by CPUID which vcpu they are, and nothing of the machine", [] {
        const auto acts = std::to_array<Act>({ask_leaf(1), ask_leaf(0xb), ask_leaf(0xb, 1), ask_leaf(0xb, 7), ask_leaf(5), ask_leaf(6),
                                              ask_leaf(0xa), ask_leaf(0x8000000a), ask_leaf(0x8000001d)});
        const Ran ran(acts);
        const auto leaf = hvm_usual().leaf(1);
        expect_equal(ran.of(0).a, leaf.a);
        expect_equal(ran.of(0).b, leaf.b);   // APIC 0
        expect_equal(ran.of(0).c, leaf.c);
        expect_equal(ran.of(0).d, leaf.d);
        for (unsigned at = 1; at < acts.size(); ++at) {
            const Outcome found = ran.of(at);
            const unsigned subleaf = acts[at].number == 0xb && acts[at].low < 2 ? acts[at].low : 0;
            expect_equal(found.a, 0);
            expect_equal(found.b, 0);
            expect_equal(found.c, subleaf);
            expect_equal(found.d, 0);
        }
    }},
    {in_words("hardware-assisted guests"), "find Xen's leaves", [] {
        const auto acts = std::to_array<Act>({ask_leaf(0x40000000), ask_leaf(0x40000001), ask_leaf(0x40000002), ask_leaf(0x40000003),
                                              ask_leaf(0x40000004), ask_leaf(0x40000005), ask_leaf(0x40000006),
                                              ask_leaf(0x4000ff00), ask_leaf(0x40000004, 1)});
        const Ran ran(acts);
        expect_equal(ran.of(0).a, 0x40000005);
        expect_equal(ran.of(1).a, 4u << 16 | 17);
        expect_equal(ran.of(2).a, 1);
        expect_equal(ran.of(2).b, 0x40000000);
        expect_equal(ran.of(2).c, 0);
        constexpr std::uint32_t upcall_vector = 1 << 6;
        expect_equal(ran.of(4).a & ~upcall_vector, 0x1c);
        if (!on_stock_xen()) expect_equal(ran.of(4).a & upcall_vector, 0);
        expect_equal(ran.of(4).b, 0);
        expect_equal(ran.of(4).c, ran.id);
        for (const unsigned at : {5u, 6u, 7u, 8u}) expect_equal(ran.of(at).a | ran.of(at).b | ran.of(at).c | ran.of(at).d, 0);
    }},
    {in_words("hardware-assisted guests"), "have no leaves beyond the last", [] {
        const auto acts = std::to_array<Act>({ask_leaf(0xe), ask_leaf(0x1f), ask_leaf(0x7fffffff), ask_leaf(0x80000022),
                                              ask_leaf(0xffffffff), ask_leaf(7, 3), ask_leaf(0xd, 63), ask_leaf(0x40010000)});
        const Ran ran(acts);
        for (unsigned at = 0; at < acts.size(); ++at)
            expect_equal(ran.of(at).a | ran.of(at).b | ran.of(at).c | ran.of(at).d, 0);
    }},
    {"domctl.set_cpu_policy", "is followed by a hardware-assisted guest", [] {
        const auto acts = std::to_array<Act>({ask_leaf(1), ask_leaf(0xd), ask_leaf(7), set_cr4(cr4_osxsave)});
        const ListedActs domain(acts);
        auto leaf = hvm_usual().leaf(1);
        leaf.c &= ~xsave;
        expect_equal(choose_leaf(domain.id, leaf), 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.of(0).c & (xsave | avx), 0);
        expect_equal(domain.of(1).a, 0);
        expect_equal(domain.of(3).exception(), 13);
        expect_equal(choose_leaf(domain.id, leaf), -XEN_EEXIST);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.set_cpu_policy", "leaves a hardware-assisted guest no x2APIC that it has taken away", [] {
        constexpr std::uint32_t base = 0x1b;
        const auto acts = std::to_array<Act>({write_msr(base, 0xfee00d00), read_msr(base), read_msr(0x802)});
        const ListedActs domain(acts);
        auto leaf = hvm_usual().leaf(1);
        leaf.c &= ~x2apic;
        expect_equal(choose_leaf(domain.id, leaf), 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.of(0).exception(), 13);
        expect_equal(domain.of(1).value(), 0xfee00900);
        expect_equal(domain.of(2).exception(), 13);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.set_cpu_policy", "leaves a hardware-assisted guest no deadline of its TSC where that is not offered", [] {
        constexpr std::uint32_t deadline = 0x6e0, is_offered = 1u << 24;
        if (on_stock_xen()) return skip("Basalt's own promise: stock Xen reads 0 there whatever the policy");
        const auto acts = std::to_array<Act>({read_msr(deadline), write_msr(deadline, 1)});
        const ListedActs domain(acts);
        auto leaf = hvm_usual().leaf(1);
        leaf.c &= ~is_offered;
        expect_equal(choose_leaf(domain.id, leaf), 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.of(0).exception(), 13);
        expect_equal(domain.of(1).exception(), 13);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.set_cpu_policy", "leaves a hardware-assisted guest no bits of EFER that it has taken away", [] {
        constexpr std::uint32_t lm = 1u << 29, nx = 1u << 20, efer = 0xc0000080;
        const auto acts = std::to_array<Act>({write_msr(efer, 0x100), write_msr(efer, 0x800), write_msr(efer, 1), read_msr(efer)});
        const ListedActs domain(acts);
        auto leaf = hvm_usual().leaf(0x80000001);
        leaf.d &= ~(lm | nx);
        expect_equal(choose_leaf(domain.id, leaf), 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.of(0).exception(), 13);
        expect_equal(domain.of(1).exception(), 13);
        expect_equal(domain.of(3).value(), 1);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.set_cpu_policy", "never offers a hardware-assisted guest what the most does not", [] {
        const ListedActs domain(std::span<const Act>{});
        constexpr std::uint32_t all = ~0u;
        const auto first = system_policy(XEN_SYSCTL_cpu_policy_hvm_max).leaf(1);
        const auto more = system_policy(XEN_SYSCTL_cpu_policy_hvm_max).leaf(7, 0);
        expect_equal(choose_leaf(domain.id, {1, none, all, all, all, all}), 0);
        expect_equal(choose_leaf(domain.id, {7, 0, 0, all, all, all}), 0);
        const Policy& got = policy_of(domain.id);
        expect_equal(got.leaf(1).c, first.c);
        expect_equal(got.leaf(1).d, first.d);
        expect_equal(got.leaf(7, 0).b, more.b);
        expect_equal(got.leaf(7, 0).c, more.c);
        expect_equal(domain.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
