// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=1 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What Dom0 asks of the platform.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/other_domain.hpp"

namespace kit {
namespace {

xen_platform_op_t request_for(unsigned command) {
    xen_platform_op_t request{};
    request.cmd = command;
    request.interface_version = XENPF_INTERFACE_VERSION;
    return request;
}

// What becomes of a list for a CPU's registers: the answer is how many entries were carried out.
constexpr std::uint32_t clock_register = 0x10, apic_base = 0x1b;
xenpf_resource_entry_t access(std::uint32_t what, std::uint64_t register_number) {
    xenpf_resource_entry_t entry{};
    entry.u.cmd = what;
    entry.idx = register_number;
    return entry;
}
Status access_registers(xenpf_resource_entry_t* entries, std::uint32_t count, std::uint32_t cpu = 0) {
    auto request = request_for(XENPF_resource_op);
    request.u.resource_op.nr_entries = count;
    request.u.resource_op.cpu = cpu;
    set_xen_guest_handle(request.u.resource_op.entries, entries);
    return platform_op(request);
}
std::uint64_t counted_time(std::uint32_t cpu) {
    xenpf_resource_entry_t entry = access(XEN_RESOURCE_OP_MSR_READ, clock_register);
    expect_equal(access_registers(&entry, 1, cpu), 1);
    return entry.val;
}
// The first entry is refused, with this for its `ret`.
void expect_refused(xenpf_resource_entry_t entry, int ret) {
    expect_equal(access_registers(&entry, 1), 0);
    expect_equal(entry.u.ret, ret);
}

// Seconds since 1970: when the machine was started, and how long ago that was.
std::uint64_t wall_clock() {
    return (std::uint64_t{shared->wc_sec_hi} << 32 | shared->wc_sec) + (shared->wc_nsec + now()) / 1'000'000'000;
}

constexpr auto table = std::to_array<Case>({
    {"platform_op", "refuses another version of the interface, bad addresses, unknown commands", [] {
        auto request = request_for(XENPF_settime64);
        request.interface_version = 1;
        expect_equal(platform_op(request), -XEN_EACCES);
        expect_equal(untyped::platform_op(nowhere), -XEN_EFAULT);
        request = request_for(999);
        expect_equal(platform_op(request), -XEN_ENOSYS);
    }},
    {"platform_op.settime64", "sets the wall clock every domain sees", [] {
        const std::uint64_t before = wall_clock();
        auto request = request_for(XENPF_settime64);
        request.u.settime64.secs = 2'000'000'000;
        request.u.settime64.nsecs = 5;
        request.u.settime64.system_time = now();
        expect_equal(platform_op(request), 0);
        expect(wall_clock() >= 2'000'000'000 && wall_clock() < 2'000'000'100);
        request.u.settime64.secs = before;
        request.u.settime64.system_time = now();
        expect_equal(platform_op(request), 0);
        request.u.settime64.mbz = 1;
        expect_equal(platform_op(request), -XEN_EINVAL);
    }},
    {"platform_op.settime64", "takes more nanoseconds than a second has, and seconds of 33 bits", [] {
        const std::uint64_t before = wall_clock();
        auto request = request_for(XENPF_settime64);
        request.u.settime64.secs = 1ull << 32;
        request.u.settime64.nsecs = ~0u;
        request.u.settime64.system_time = now();
        expect_equal(platform_op(request), 0);
        expect(wall_clock() >= (1ull << 32) + 4 && wall_clock() < (1ull << 32) + 100);
        request.u.settime64 = {.secs = before, .nsecs = 0, .mbz = 0, .system_time = now()};
        expect_equal(platform_op(request), 0);
    }},
    {"platform_op.resource_op", "register 0x10 counts the nanoseconds of system time, on any CPU", [] {
        constexpr std::uint64_t apart = 1'000'000;         // Xen keeps time for each CPU, and the guest's besides
        const std::uint64_t start = now();
        const std::uint64_t first = counted_time(0);       // from a beginning of the hypervisor's own choice
        const std::uint64_t read = now();
        for (const std::uint32_t cpu : {0u, 1u}) {
            const std::uint64_t before = now();
            const std::uint64_t passed = counted_time(cpu) - first;
            expect(passed + apart >= before - read && passed <= now() - start + apart);
        }
    }},
    {"platform_op.resource_op", "refuses other registers and commands, in the entry", [] {
        expect_refused(access(XEN_RESOURCE_OP_MSR_READ, apic_base), -XEN_EPERM);
        expect_refused(access(XEN_RESOURCE_OP_MSR_WRITE, apic_base), -XEN_EPERM);
        expect_refused(access(XEN_RESOURCE_OP_MSR_WRITE, clock_register), -XEN_EPERM);
        expect_refused(access(XEN_RESOURCE_OP_MSR_READ, 1ull << 32 | clock_register), -XEN_EINVAL);
        expect_refused(access(2, clock_register), -XEN_EOPNOTSUPP);
        auto padded = access(XEN_RESOURCE_OP_MSR_READ, clock_register);
        padded.rsvd = 1;
        expect_refused(padded, -XEN_EINVAL);
    }},
    {"platform_op.resource_op", "ends at the first entry that is refused", [] {
        xenpf_resource_entry_t list[] = {access(XEN_RESOURCE_OP_MSR_READ, clock_register),
                                         access(XEN_RESOURCE_OP_MSR_READ, apic_base),
                                         access(XEN_RESOURCE_OP_MSR_READ, clock_register)};
        expect_equal(access_registers(list, 3), 1);
        expect(list[0].val != 0);
        expect_equal(list[1].u.ret, -XEN_EPERM);
        expect_equal(list[2].val, 0);
    }},
    {"platform_op.resource_op", "takes at most three entries, of a CPU that is there", [] {
        xenpf_resource_entry_t list[4] = {};
        for (auto& entry : list) entry = access(XEN_RESOURCE_OP_MSR_READ, clock_register);
        expect_equal(access_registers(list, 0, 99), 0);
        expect_equal(access_registers(list, 3), 3);
        expect_equal(access_registers(list, 4), -XEN_EINVAL);
        expect_equal(access_registers(list, 3, 2), -XEN_ENODEV);
        expect_equal(access_registers(list, 3, ~0u), -XEN_ENODEV);
        expect_equal(access_registers(reinterpret_cast<xenpf_resource_entry_t*>(nowhere), 1), -XEN_EFAULT);
        list[0].rsvd = 1;
        expect_equal(access_registers(list, 3, 99), 0);
    }},
    {"domctl.settimeoffset", "the domain's wall clock is ahead of the machine's, or behind, whatever that becomes", [] {
        const std::uint64_t before = wall_clock();
        const auto is_at = [](std::uint64_t expected) { return wall_clock() >= expected && wall_clock() < expected + 100; };
        for (const std::int64_t offset : {3600l, -7200l, 1l << 33, 0l}) {
            xen_domctl_t wish{};
            wish.u.settimeoffset.time_offset_seconds = offset;
            expect_equal(domctl(XEN_DOMCTL_settimeoffset, 0, wish), 0);
            expect(is_at(before + static_cast<std::uint64_t>(offset)));
            auto request = request_for(XENPF_settime64);
            request.u.settime64 = {.secs = before - 1000, .nsecs = 0, .mbz = 0, .system_time = now()};
            expect_equal(platform_op(request), 0);
            expect(is_at(before - 1000 + static_cast<std::uint64_t>(offset)));
            request.u.settime64 = {.secs = before, .nsecs = 0, .mbz = 0, .system_time = now()};
            expect_equal(platform_op(request), 0);
        }
    }},
    {"platform_op.settime32", "is the same with fewer seconds", [] {
        const std::uint64_t before = wall_clock();
        auto request = request_for(XENPF_settime32);
        request.u.settime32 = {.secs = ~0u, .nsecs = 7, .system_time = 0};
        expect_equal(platform_op(request), 0);
        expect_equal(shared->wc_sec, ~0u);
        expect_equal(shared->wc_sec_hi, 0);
        expect_equal(shared->wc_nsec, 7);
        request.u.settime32 = {.secs = static_cast<std::uint32_t>(before), .nsecs = 0, .system_time = now()};
        expect_equal(platform_op(request), 0);
    }},
    {"platform_op.read_memtype", "tells each range register, and none beyond", [] {
        auto request = request_for(XENPF_read_memtype);
        for (unsigned reg = 0; reg < 8; ++reg) {      // QEMU's CPUs have eight
            request.u.read_memtype = {.reg = reg, .mfn = 7, .nr_mfns = 7, .type = 7};
            expect_equal(platform_op(request), 0);
            if (reg != 0) continue;
            expect_equal(request.u.read_memtype.mfn, 0xc0000);      // SeaBIOS: what lies below 4 GiB and is no memory
            expect_equal(request.u.read_memtype.nr_mfns, 0x40000);
            expect_equal(request.u.read_memtype.type, 0);
        }
        expect_equal(request.u.read_memtype.nr_mfns, 0);            // the last is not in use
        for (const unsigned reg : {8u, 100u, ~0u}) {
            request.u.read_memtype.reg = reg;
            expect_equal(platform_op(request), -XEN_EINVAL);
        }
    }},
    {"platform_op.cpu_online", "takes CPUs that are online, and none beyond", [] {
        auto request = request_for(XENPF_cpu_online);
        for (const unsigned cpu : {0u, 1u}) {
            request.u.cpu_ol.cpuid = cpu;
            expect_equal(platform_op(request), 0);
        }
        for (const unsigned cpu : {2u, 64u, ~0u}) {
            request.u.cpu_ol.cpuid = cpu;
            expect_equal(platform_op(request), -XEN_EINVAL);
        }
    }},
    {"platform_op.get_cpuinfo", "tells of every CPU and how many there are", [] {
        auto request = request_for(XENPF_get_cpuinfo);
        request.u.pcpu_info.xen_cpuid = 0;
        expect_equal(platform_op(request), 0);
        expect_equal(request.u.pcpu_info.max_present, 1);
        expect_equal(request.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE, XEN_PCPU_FLAGS_ONLINE);
        expect_equal(request.u.pcpu_info.apic_id, 0);
        request.u.pcpu_info.xen_cpuid = 1;
        expect_equal(platform_op(request), 0);
        expect_equal(request.u.pcpu_info.apic_id, 1);
        request.u.pcpu_info.xen_cpuid = 99;
        expect_equal(platform_op(request), 0);
        expect_equal(request.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
    }},
    {"platform_op.get_cpu_version", "tells the vendor", [] {
        auto request = request_for(XENPF_get_cpu_version);
        request.u.pcpu_version.xen_cpuid = 0;
        expect_equal(platform_op(request), 0);
        const std::string_view vendor{request.u.pcpu_version.vendor_id, 12};
        expect(vendor == "AuthenticAMD" || vendor == "GenuineIntel");
    }},
    {"platform_op.firmware_info", "on a BIOS machine without disks", [] {
        auto request = request_for(XENPF_firmware_info);
        request.u.firmware_info.type = XEN_FW_EFI_INFO;
        expect_equal(platform_op(request), -XEN_ENOSYS);
        request.u.firmware_info.type = XEN_FW_DISK_INFO;
        expect_equal(platform_op(request), -XEN_ESRCH);
        request.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
        expect_equal(platform_op(request), 0);
        for (const unsigned index : {1u, 200u}) {
            request.u.firmware_info.index = index;
            expect_equal(platform_op(request), -XEN_ESRCH);
        }
        request.u.firmware_info.type = 99;
        expect_equal(platform_op(request), -XEN_EINVAL);
    }},
    {"mca", "answers Linux's two questions", [] {
        xen_mc_t request{};
        request.u.mc_fetch.flags = XEN_MC_URGENT;
        expect_equal(call<rows::mca, XEN_MC_fetch>(request), -XEN_EINVAL);
        request.u = {};
        expect_equal(call<rows::mca, XEN_MC_physcpuinfo>(request), 0);
        expect_equal(request.u.mc_physcpuinfo.ncpus, 2);
        expect_equal(hypercall(__HYPERVISOR_mca, nowhere), -XEN_EFAULT);
    }},
    {"mca.fetch", "names one queue, and a place for a record unless one is given back", [] {
        static mc_info_t room;
        const auto fetch = [](unsigned flags, mc_info_t* place) {
            xen_mc_t request{};
            request.u.mc_fetch.flags = flags;
            request.u.mc_fetch.data.p = place;
            const Status status = call<rows::mca, XEN_MC_fetch>(request);
            const bool tells = status == 0 && (flags & XEN_MC_ACK) == 0;
            expect_equal(request.u.mc_fetch.flags, tells ? unsigned{XEN_MC_NODATA} : flags);
            return status;
        };
        for (const unsigned flags : {0, XEN_MC_ACK, XEN_MC_URGENT | XEN_MC_NONURGENT, XEN_MC_URGENT | XEN_MC_NONURGENT | XEN_MC_ACK, 8})
            expect_equal(fetch(flags, &room), -XEN_EINVAL);
        for (const unsigned queue : {XEN_MC_URGENT, XEN_MC_NONURGENT}) {
            expect_equal(fetch(queue, nullptr), -XEN_EINVAL);
            expect_equal(fetch(queue, &room), 0);
            expect_equal(fetch(queue | XEN_MC_ACK, nullptr), 0);
        }
    }},
    {"mca.physcpuinfo", "fills the list as far as it goes", [] {
        static std::array<xen_mc_logical_cpu_t, 3> list;
        const auto ask = [](unsigned count, xen_mc_logical_cpu_t* place) {
            xen_mc_t request{};
            request.u.mc_physcpuinfo.ncpus = count;
            request.u.mc_physcpuinfo.info.p = place;
            const Status status = call<rows::mca, XEN_MC_physcpuinfo>(request);
            return status == 0 ? Status{request.u.mc_physcpuinfo.ncpus} : status;
        };
        expect_equal(ask(0, list.data()), -XEN_EINVAL);
        expect_equal(ask(3, list.data()), 2);
        expect_equal(list[0].mc_apicid, 0);
        expect_equal(list[1].mc_cpunr, 1);
        expect_equal(list[1].mc_apicid, 1);
        expect_equal(ask(2, reinterpret_cast<xen_mc_logical_cpu_t*>(nowhere)), -XEN_EFAULT);
    }},
    {"mca", "refuses another version of the interface, and unknown commands", [] {
        xen_mc_t request{};
        request.cmd = XEN_MC_physcpuinfo;
        expect_equal(hypercall(__HYPERVISOR_mca, &request), -XEN_EACCES);
        request.cmd = 99;
        request.interface_version = XEN_MCA_INTERFACE_VERSION;
        expect_equal(hypercall(__HYPERVISOR_mca, &request), -XEN_EINVAL);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
