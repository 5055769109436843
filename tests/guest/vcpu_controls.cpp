// RUN: %boot-guest --cpus 2 --options "dom0_max_vcpus=1" | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The vcpus of another domain, as tools see and set them. The machine has two CPUs.
#include "kit/case.hpp"
#include "kit/small_domain.hpp"

#include <algorithm>

namespace kit {
namespace {

Status vcpu_info_of(unsigned domain, unsigned vcpu, xen_domctl_getvcpuinfo* info = nullptr) {
    xen_domctl_t request{};
    request.u.getvcpuinfo.vcpu = vcpu;
    const Status status = domctl(XEN_DOMCTL_getvcpuinfo, domain, request);
    if (info != nullptr) *info = request.u.getvcpuinfo;
    return status;
}

Status context_of(unsigned command, unsigned domain, unsigned vcpu, Word context) {
    xen_domctl_t request{};
    request.u.vcpucontext.vcpu = vcpu;
    request.u.vcpucontext.ctxt.p = reinterpret_cast<vcpu_guest_context_t*>(context.value);
    return domctl(command, domain, request);
}

constexpr unsigned hard = XEN_VCPUAFFINITY_HARD, soft = XEN_VCPUAFFINITY_SOFT;
std::array<std::uint8_t, 32> hard_map, soft_map;

Status affinity(unsigned command, unsigned flags, unsigned bits = 64, unsigned vcpu = 0, unsigned domain = idle_domain().id) {
    xen_domctl_t request{};
    auto& wish = request.u.vcpuaffinity;
    wish.vcpu = vcpu;
    wish.flags = flags;
    wish.cpumap_hard.nr_bits = wish.cpumap_soft.nr_bits = bits;
    set_xen_guest_handle(wish.cpumap_hard.bitmap, hard_map.data());
    set_xen_guest_handle(wish.cpumap_soft.bitmap, soft_map.data());
    return domctl(command, domain, request);
}
Status affinity_at(unsigned command, Word map) {
    xen_domctl_t request{};
    auto& wish = request.u.vcpuaffinity;
    wish.flags = hard;
    wish.cpumap_hard.nr_bits = 8;
    wish.cpumap_hard.bitmap.p = reinterpret_cast<std::uint8_t*>(map.value);
    return domctl(command, idle_domain().id, request);
}
constexpr unsigned gets = XEN_DOMCTL_getvcpuaffinity, sets = XEN_DOMCTL_setvcpuaffinity;

Status set_hard(unsigned cpus) {
    hard_map.fill(0);
    hard_map[0] = static_cast<std::uint8_t>(cpus);
    return affinity(sets, hard);
}

constexpr auto table = std::to_array<Case>({
    {"domctl.getvcpuinfo", "tells of vcpus that there are, not yet, and never", [] {
        xen_domctl_getvcpuinfo info{};
        expect_equal(vcpu_info_of(idle_domain().id, 0, &info), 0);
        expect_equal(info.online, 1);
        expect_equal(info.running, 0);
        expect(info.cpu < 2);
        for (const unsigned vcpu : {1u, 77u, ~0u}) expect_equal(vcpu_info_of(idle_domain().id, vcpu), -XEN_EINVAL);
        const EmptyDomain unmade(2);
        for (const unsigned vcpu : {0u, 1u}) expect_equal(vcpu_info_of(unmade.id, vcpu), -XEN_ESRCH);
        expect_equal(vcpu_info_of(unmade.id, 2), -XEN_EINVAL);
        expect_equal(unmade.destroy(), 0);
    }},
    {"domctl.getvcpuaffinity", "tells both sets, the bytes beyond the CPUs zero", [] {
        hard_map.fill(0xaa), soft_map.fill(0xaa);
        expect_equal(affinity(gets, hard | soft, 128), 0);
        expect_equal(hard_map[0] & 3, 3);
        expect_equal(soft_map[0] & 3, 3);
        expect_equal(hard_map[16], 0xaa);
        hard_map.fill(0xaa), soft_map.fill(0xaa);
        expect_equal(set_hard(3), 0);
        expect_equal(affinity(gets, hard, 9), 0);
        expect_equal(hard_map[0], 3);
        expect_equal(hard_map[1], 0);
        expect_equal(soft_map[0], 0xaa);
    }},
    {"domctl.getvcpuaffinity", "refuses no set at all, a set without a place, vcpus that there are not", [] {
        for (const unsigned command : {gets, sets}) {
            expect_equal(affinity(command, 0), -XEN_EINVAL);
            expect_equal(affinity_at(command, nullptr), -XEN_EINVAL);
            expect_equal(affinity_at(command, nowhere), -XEN_EFAULT);
            expect_equal(affinity(command, hard, 64, 1), -XEN_EINVAL);
            expect_equal(affinity(command, XEN_VCPUAFFINITY_FORCE), 0);      // nothing is asked
        }
        const EmptyDomain unmade(2);
        for (const unsigned command : {gets, sets}) expect_equal(affinity(command, hard, 64, 0, unmade.id), -XEN_ESRCH);
        expect_equal(unmade.destroy(), 0);
    }},
    {"domctl.setvcpuaffinity", "keeps the vcpu on CPUs that there are, and tells which", [] {
        expect_equal(set_hard(2), 0);
        expect_equal(hard_map[0], 2);
        expect_equal(affinity(gets, hard), 0);
        expect_equal(hard_map[0], 2);
        expect_equal(set_hard(0xff), 0);
        expect_equal(hard_map[0], 3);
    }},
    {"domctl.setvcpuaffinity", "refuses a set without a CPU that is online, and leaves the vcpu as it was", [] {
        expect_equal(set_hard(1), 0);
        for (const unsigned cpus : {0u, 4u}) expect_equal(set_hard(cpus), -XEN_EINVAL);
        hard_map.fill(0xff);
        expect_equal(affinity(sets, hard, 0), -XEN_EINVAL);
        expect_equal(affinity(gets, hard), 0);
        expect_equal(hard_map[0] & 3, 1);
        expect_equal(set_hard(3), 0);
    }},
    {"domctl.setvcpuaffinity", "tells what a vcpu had better do, of what it may", [] {
        hard_map.fill(0);
        soft_map.fill(0);
        hard_map[0] = 1;
        soft_map[0] = 3;
        expect_equal(affinity(sets, hard | soft), 0);
        expect_equal(hard_map[0], 1);
        expect_equal(soft_map[0], 1);
        soft_map[0] = 2;
        expect_equal(affinity(sets, soft), 0);
        expect_equal(soft_map[0], 0);
        expect_equal(set_hard(3), 0);
    }},
    {"domctl.setvcpuaffinity", "what a vcpu had better do may be nothing", [] {
        soft_map.fill(0);
        expect_equal(affinity(sets, soft), 0);
        expect_equal(affinity(gets, soft), 0);
        expect_equal(soft_map[0], 0);
        soft_map.fill(0xff);
        expect_equal(affinity(sets, soft), 0);
        expect_equal(soft_map[0], 3);
    }},
    {"domctl.getvcpucontext", "gives back what setvcpucontext took", [] {
        static vcpu_guest_context_t context;
        expect_equal(context_of(XEN_DOMCTL_getvcpucontext, idle_domain().id, 0, &context), 0);
        expect_equal(context.user_regs.rip, image_base);
        context.user_regs.rbx = 0x1234;
        expect_equal(context_of(XEN_DOMCTL_setvcpucontext, idle_domain().id, 0, &context), 0);
        static vcpu_guest_context_t after;
        expect_equal(context_of(XEN_DOMCTL_getvcpucontext, idle_domain().id, 0, &after), 0);
        expect_equal(after.user_regs.rbx, 0x1234);
        expect_equal(after.ctrlreg[3], context.ctrlreg[3]);
    }},
    {"domctl.getvcpucontext", "refuses vcpus that there are not, that were never set up, and bad addresses", [] {
        static vcpu_guest_context_t context;
        for (const unsigned vcpu : {1u, 77u, ~0u})
            for (const unsigned command : {XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_setvcpucontext})
                expect_equal(context_of(command, idle_domain().id, vcpu, &context), -XEN_EINVAL);
        for (const unsigned command : {XEN_DOMCTL_getvcpucontext, XEN_DOMCTL_setvcpucontext})
            for (const std::uint64_t place : {nowhere, std::uint64_t{HYPERVISOR_VIRT_START}})
                expect_equal(context_of(command, idle_domain().id, 0, place), -XEN_EFAULT);
        const EmptyDomain unmade(2);
        expect_equal(context_of(XEN_DOMCTL_getvcpucontext, unmade.id, 0, &context), -XEN_EINVAL);
        xen_domctl_t request{};
        request.u.max_vcpus.max = 2;
        expect_equal(domctl(XEN_DOMCTL_max_vcpus, unmade.id, request), 0);
        expect_equal(context_of(XEN_DOMCTL_getvcpucontext, unmade.id, 1, &context), -XEN_ENODATA);
        expect_equal(unmade.destroy(), 0);
    }},
    {"domctl.setvcpucontext", "a vcpu is up or down as its flags say", [] {
        static vcpu_guest_context_t context;
        expect_equal(context_of(XEN_DOMCTL_getvcpucontext, idle_domain().id, 0, &context), 0);
        for (const bool up : {false, true}) {
            context.flags = up ? context.flags | VGCF_online : context.flags & ~std::uint64_t{VGCF_online};
            expect_equal(context_of(XEN_DOMCTL_setvcpucontext, idle_domain().id, 0, &context), 0);
            xen_domctl_getvcpuinfo info{};
            vcpu_info_of(idle_domain().id, 0, &info);
            expect_equal(info.online, up ? 1 : 0);
        }
    }},
    {"domctl.setvcpucontext", "refuses other tables than the vcpu has, and addresses that are not canonical", [] {
        static vcpu_guest_context_t good, context;
        expect_equal(context_of(XEN_DOMCTL_getvcpucontext, idle_domain().id, 0, &good), 0);
        const auto with = [](auto change) {
            context = good;
            change(context);
            return context_of(XEN_DOMCTL_setvcpucontext, idle_domain().id, 0, &context);
        };
        expect_equal(with([](auto& wish) { wish.ctrlreg[3] = 0; }), -XEN_EOPNOTSUPP);
        expect_equal(with([](auto& wish) { wish.fs_base = 1ull << 60; }), -XEN_EINVAL);
        expect_equal(with([](auto& wish) { wish.gs_base_user = 1ull << 47; }), -XEN_EINVAL);
        expect_equal(with([](auto&) {}), 0);
    }},
    {"domctl.setvcpucontext", "does not reset a vcpu", [] {
        if (on_stock_xen()) return skip("stock Xen does where the context is null");
        expect_equal(context_of(XEN_DOMCTL_setvcpucontext, idle_domain().id, 0, nullptr), -XEN_EOPNOTSUPP);
        expect_equal(idle_domain().destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
