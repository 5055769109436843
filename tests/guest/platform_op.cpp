// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=1 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What Dom0 asks of the platform.
#include "kit/case.hpp"
#include "kit/clock.hpp"

namespace kit {
namespace {

constexpr std::uint64_t nowhere = 0xdead000;

xen_platform_op_t request_for(unsigned command) {
    xen_platform_op_t request{};
    request.cmd = command;
    request.interface_version = XENPF_INTERFACE_VERSION;
    return request;
}

// Seconds since 1970: when the machine was started, and how long ago that was.
std::uint64_t wall_clock() {
    return (std::uint64_t{shared->wc_sec_hi} << 32 | shared->wc_sec) + (shared->wc_nsec + now()) / 1'000'000'000;
}

constexpr auto table = std::to_array<Case>({
    {"platform_op", "refuses another version of the interface, bad addresses, unknown commands", [] {
        auto request = request_for(XENPF_settime64);
        request.interface_version = 1;
        expect_equal(platform_op(&request), -XEN_EACCES);
        expect_equal(platform_op(nowhere), -XEN_EFAULT);
        request = request_for(999);
        expect_equal(platform_op(&request), -XEN_ENOSYS);
    }},
    {"platform_op.settime64", "sets the wall clock every domain sees", [] {
        const std::uint64_t before = wall_clock();
        auto request = request_for(XENPF_settime64);
        request.u.settime64.secs = 2'000'000'000;
        request.u.settime64.nsecs = 5;
        request.u.settime64.system_time = now();
        expect_equal(platform_op(&request), 0);
        expect(wall_clock() >= 2'000'000'000 && wall_clock() < 2'000'000'100);
        request.u.settime64.secs = before;
        request.u.settime64.system_time = now();
        expect_equal(platform_op(&request), 0);
        request.u.settime64.mbz = 1;
        expect_equal(platform_op(&request), -XEN_EINVAL);
    }},
    {"platform_op.get_cpuinfo", "tells of every CPU and how many there are", [] {
        auto request = request_for(XENPF_get_cpuinfo);
        request.u.pcpu_info.xen_cpuid = 0;
        expect_equal(platform_op(&request), 0);
        expect_equal(request.u.pcpu_info.max_present, 1);
        expect_equal(request.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, XEN_PCPU_FLAGS_ONLINE);
        expect_equal(request.u.pcpu_info.apic_id, 0);
        request.u.pcpu_info.xen_cpuid = 1;
        expect_equal(platform_op(&request), 0);
        expect_equal(request.u.pcpu_info.apic_id, 1);
        request.u.pcpu_info.xen_cpuid = 99;
        expect_equal(platform_op(&request), 0);
        expect_equal(request.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
    }},
    {"platform_op.get_cpu_version", "tells the vendor", [] {
        auto request = request_for(XENPF_get_cpu_version);
        request.u.pcpu_version.xen_cpuid = 0;
        expect_equal(platform_op(&request), 0);
        const std::string_view vendor{request.u.pcpu_version.vendor_id, 12};
        expect(vendor == "AuthenticAMD" || vendor == "GenuineIntel");
    }},
    {"platform_op.firmware_info", "on a BIOS machine without disks", [] {
        auto request = request_for(XENPF_firmware_info);
        request.u.firmware_info.type = XEN_FW_EFI_INFO;
        expect_equal(platform_op(&request), -XEN_ENOSYS);
        request.u.firmware_info.type = XEN_FW_DISK_INFO;
        expect_equal(platform_op(&request), -XEN_ESRCH);
        request.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
        expect_equal(platform_op(&request), 0);
        request.u.firmware_info.type = 99;
        expect_equal(platform_op(&request), -XEN_EINVAL);
    }},
    {"mca", "answers Linux's two questions", [] {
        xen_mc_t request{};
        request.cmd = XEN_MC_fetch;
        request.interface_version = XEN_MCA_INTERFACE_VERSION;
        request.u.mc_fetch.flags = XEN_MC_URGENT;
        expect_equal(hypercall(__HYPERVISOR_mca, &request), -XEN_EINVAL);
        request.u = {};
        request.cmd = XEN_MC_physcpuinfo;
        expect_equal(hypercall(__HYPERVISOR_mca, &request), 0);
        expect_equal(request.u.mc_physcpuinfo.ncpus, 2);
        expect_equal(hypercall(__HYPERVISOR_mca, nowhere), -XEN_EFAULT);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
