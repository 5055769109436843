// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What a domain can be made with: each field of createdomain at its bounds.
#include "kit/case.hpp"
#include "kit/other_domain.hpp"

namespace kit {
namespace {

// A domain of no memory, or why there is none. It is gone again at once, and the next begins with another number.
struct Made {
    Status status = 0;
    unsigned id = 0;
};
Made make(unsigned number, auto change) {
    xen_domctl_t request{};
    auto& wish = request.u.createdomain;
    wish.max_vcpus = 1;
    wish.max_evtchn_port = 1023;
    wish.max_grant_frames = wish.max_maptrack_frames = 4;
    wish.grant_opts = XEN_DOMCTL_GRANT_version(1);
    change(wish);
    const Status status = domctl(XEN_DOMCTL_createdomain, number, request);
    if (status != 0) return {status, 0};
    OtherDomain domain{.id = request.domain};
    expect_equal(domain.destroy(), 0);
    return {0, domain.id};
}
Status making(auto change) { return make(0, change).status; }

constexpr unsigned first_reserved = DOMID_FIRST_RESERVED;

constexpr auto table = std::to_array<Case>({
    {"domctl.createdomain", "gives the number that is asked for, or one that is free", [] {
        const auto nothing = [](auto&) {};
        for (const unsigned number : {1u, 55u, first_reserved - 1}) expect_equal(make(number, nothing).id, number);
        for (const unsigned number : {0u, first_reserved, 0xffffu}) {
            const Made made = make(number, nothing);
            expect_equal(made.status, 0);
            expect(made.id > 0 && made.id < first_reserved);
        }
    }},
    {"domctl.createdomain", "refuses a number that a domain has", [] {
        xen_domctl_t request{};
        request.u.createdomain = {.max_vcpus = 1, .max_evtchn_port = 10, .max_grant_frames = 1, .grant_opts = 1};
        expect_equal(domctl(XEN_DOMCTL_createdomain, 77, request), 0);
        expect_equal(domctl(XEN_DOMCTL_createdomain, 77, request), -XEN_EEXIST);
        const OtherDomain domain{.id = 77};
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.createdomain", "takes flags that mean nothing for PV, and no others", [] {
        for (const unsigned flags : {0u, unsigned{XEN_DOMCTL_CDF_oos_off}, unsigned{XEN_DOMCTL_CDF_xs_domain}})
            expect_equal(making([=](auto& wish) { wish.flags = flags; }), 0);
        for (const unsigned flags : {XEN_DOMCTL_CDF_hap, XEN_DOMCTL_CDF_s3_integrity, XEN_DOMCTL_CDF_iommu,
                                     XEN_DOMCTL_CDF_nested_virt, XEN_DOMCTL_CDF_vpmu, XEN_DOMCTL_CDF_MAX << 1, 1u << 31})
            expect_equal(making([=](auto& wish) { wish.flags = flags; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "refuses hardware-assisted guests", [] {
        if (on_stock_xen()) return skip("stock Xen makes them");
        expect_equal(making([](auto& wish) { wish.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "takes 1 vcpu, and 64", [] {
        for (const unsigned count : {1u, 64u}) expect_equal(making([=](auto& wish) { wish.max_vcpus = count; }), 0);
        for (const unsigned count : {0u, 8193u, ~0u}) expect_equal(making([=](auto& wish) { wish.max_vcpus = count; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "refuses more than 64 vcpus", [] {
        if (on_stock_xen()) return skip("stock Xen takes 8192");
        expect_equal(making([](auto& wish) { wish.max_vcpus = 65; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "takes any highest port", [] {
        for (const unsigned port : {0u, 131071u, 131072u, ~0u})
            expect_equal(making([=](auto& wish) { wish.max_evtchn_port = port; }), 0);
    }},
    {"domctl.createdomain", "takes 1 to 64 pages of grants, negative for the most", [] {
        for (const int pages : {1, 64, -1, -2}) expect_equal(making([=](auto& wish) { wish.max_grant_frames = pages; }), 0);
        for (const int pages : {0, 65, 0x7fffffff}) expect_equal(making([=](auto& wish) { wish.max_grant_frames = pages; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "takes 0 to 1024 pages for grants that it maps, negative for the most", [] {
        for (const int pages : {0, 1, 1024, -1}) expect_equal(making([=](auto& wish) { wish.max_maptrack_frames = pages; }), 0);
        for (const int pages : {1025, 0x7fffffff}) expect_equal(making([=](auto& wish) { wish.max_maptrack_frames = pages; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "grant tables have a version that there is", [] {
        for (const unsigned options : {0u, 3u, 15u, 0x11u})
            expect_equal(making([=](auto& wish) { wish.grant_opts = options; }), -XEN_EINVAL);
        if (on_stock_xen()) return;      // which has version 2 as well
        expect_equal(making([](auto& wish) { wish.grant_opts = 2; }), -XEN_EINVAL);
    }},
    {"domctl.createdomain", "refuses options of what a PV domain has not", [] {
        expect_equal(making([](auto& wish) { wish.iommu_opts = 1; }), -XEN_EINVAL);
        expect_equal(making([](auto& wish) { wish.vmtrace_size = 4096; }), -XEN_EINVAL);
        expect_equal(making([](auto& wish) { wish.arch.misc_flags = 2; }), -XEN_EINVAL);
        expect_equal(making([](auto& wish) { wish.arch.misc_flags = XEN_X86_MSR_RELAXED; }), 0);
        expect_equal(making([](auto& wish) { wish.ssidref = 5; }), 0);
    }},
    {"domctl.createdomain", "refuses another pool of CPUs, and emulated devices", [] {
        expect_equal(making([](auto& wish) { wish.cpupool_id = 1; }), -XEN_ESRCH);
        expect_equal(making([](auto& wish) { wish.arch.emulation_flags = XEN_X86_EMU_LAPIC; }), -XEN_EOPNOTSUPP);
        if (on_stock_xen()) return;      // which emulates a PIT for PV
        expect_equal(making([](auto& wish) { wish.arch.emulation_flags = XEN_X86_EMU_PIT; }), -XEN_EOPNOTSUPP);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
