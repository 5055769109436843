// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The machine as its first domain drives it: interrupt lines and messages, the clock, the CPUs, firmware, sleep.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/events.hpp"
#include "kit/ports.hpp"

namespace kit {
namespace {

constexpr int clock_line = 8;          // the battery clock, an ISA interrupt: edge, active high
constexpr int disk_line = 16;          // the first PCI line of q35
constexpr std::uint64_t io_apic = 0xfec0'0000;

std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value;
    asm volatile("in %%dx, %0" : "=a"(value) : "d"(port));
    return value;
}
void out8(std::uint16_t port, std::uint8_t value) { asm volatile("out %0, %%dx" ::"a"(value), "d"(port)); }

void allow_ports() {
    physdev_set_iopl_t request{1};
    call<rows::physdev_op, PHYSDEVOP_set_iopl>(request);
}

std::uint8_t cmos(std::uint8_t index) {
    out8(0x70, index);
    return in8(0x71);
}
void set_cmos(std::uint8_t index, std::uint8_t value) {
    out8(0x70, index);
    out8(0x71, value);
}

// MC146818: 64 interrupts a second, each to be acknowledged by reading register C.
void start_clock_ticks() {
    set_cmos(0x0a, 0x2a);
    set_cmos(0x0b, cmos(0x0b) | 0x40);
    cmos(0x0c);
}
void stop_clock_ticks() {
    set_cmos(0x0b, cmos(0x0b) & ~0x40);
    cmos(0x0c);
}

Status map_line(int line, int& pirq) {
    physdev_map_pirq_t request{};
    request.domid = DOMID_SELF;
    request.type = MAP_PIRQ_TYPE_GSI;
    request.index = line;
    request.pirq = line;
    const Status status = call<rows::physdev_op, PHYSDEVOP_map_pirq>(request);
    pirq = request.pirq;
    return status;
}
Status unmap(int pirq) {
    physdev_unmap_pirq_t request{DOMID_SELF, pirq};
    return call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(request);
}
Status shape_line(int line, bool level, bool low) {
    physdev_setup_gsi_t request{line, level, low};
    return call<rows::physdev_op, PHYSDEVOP_setup_gsi>(request);
}
Status end(unsigned pirq) {
    physdev_eoi_t request{pirq};
    return call<rows::physdev_op, PHYSDEVOP_eoi>(request);
}

Status platform(xen_platform_op_t& request, std::uint32_t command) {
    request.cmd = command;
    request.interface_version = XENPF_INTERFACE_VERSION;
    return platform_op(request);
}

// Waits, with events allowed, until the port has fired so often; false if it does not within two seconds.
bool fires(unsigned port, unsigned times) {
    const auto deadline = now() + 2'000'000'000;
    const unsigned before = seen.port[port];
    while (seen.port[port] - before < times) {
        let_events_in();
        cmos(0x0c);
        if (now() > deadline) return false;
    }
    return true;
}

constexpr auto table = std::to_array<Case>({
    {"physdev_op.setup_gsi", "shapes lines that exist, once", [] {
        expect_equal(shape_line(disk_line, true, true), 0);
        expect_equal(shape_line(disk_line, true, true), -XEN_EEXIST);
        expect_equal(shape_line(4000, true, true), -XEN_EINVAL);
    }},
    {"physdev_op.map_pirq", "a line's pirq is its own number, however often it is mapped", [] {
        int pirq = 0;
        expect_equal(map_line(disk_line, pirq), 0);
        expect_equal(pirq, disk_line);
        expect_equal(map_line(disk_line, pirq), 0);
        expect_equal(pirq, disk_line);
        expect_equal(unmap(pirq), 0);
    }},
    {"physdev_op.map_pirq", "refuses lines that do not exist, unknown kinds and unknown domains", [] {
        int pirq = 0;
        expect_equal(map_line(4000, pirq), -XEN_EINVAL);
        physdev_map_pirq_t request{};
        request.domid = DOMID_SELF;
        request.type = 77;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_map_pirq>(request), -XEN_EINVAL);
        request.domid = 1234;
        request.type = MAP_PIRQ_TYPE_GSI;
        request.index = request.pirq = disk_line;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_map_pirq>(request), -XEN_ESRCH);
    }},
    {"physdev_op.unmap_pirq", "refuses what is not mapped", [] { expect_equal(unmap(20), -XEN_EINVAL); }},
    {"physdev_op.eoi", "refuses pirqs that there are none of", [] { expect_equal(end(100'000), -XEN_EINVAL); }},
    {"physdev_op.alloc_irq_vector", "a line stands for its vector", [] {
        physdev_irq_t request{disk_line, 0};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_alloc_irq_vector>(request), 0);
        expect_equal(request.vector, disk_line);
    }},
    {"physdev_op.apic_read", "shows the IO-APIC's version", [] {
        physdev_apic_t request{io_apic, 1, 0};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_apic_read>(request), 0);
        expect_equal(request.value >> 16 & 0xff, 23);
        request.apic_physbase = 0xfed0'0000;
        expect(call<rows::physdev_op, PHYSDEVOP_apic_read>(request) < 0);
    }},
    {"event_channel_op.bind_pirq", "refuses what is not mapped", [] {
        expect_equal(bind_pirq(20).status, -XEN_EPERM);
        expect_equal(bind_pirq(100'000).status, -XEN_EINVAL);
    }},
    {"event_channel_op.bind_pirq", "an edge line fires again and again, to one port; a bound line keeps its shape", [] {
        int pirq = 0;
        allow_ports();
        take_events();
        expect_equal(map_line(clock_line, pirq), 0);
        const auto [status, port] = bind_pirq(static_cast<unsigned>(pirq));
        if (!expect_equal(status, 0)) return;
        expect_equal(bind_pirq(static_cast<unsigned>(pirq)).status, -XEN_EEXIST);
        expect_equal(shape_line(clock_line, false, false), -XEN_EEXIST);
        start_clock_ticks();
        expect(fires(port, 5));
        expect_equal(end(static_cast<unsigned>(pirq)), 0);
        stop_clock_ticks();
        expect_equal(close(port), 0);
        expect_equal(unmap(pirq), 0);
    }},
    {"physdev_op.pirq_eoi_gmfn_v2", "needs a page of the domain's own, once", [] {
        physdev_pirq_eoi_gmfn_t request{~0ul >> 20};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2>(request), -XEN_EINVAL);
    }},
    {"physdev_op.pci_device_add", "announces functions that are there", [] {
        physdev_pci_device_add_t request{};
        request.devfn = 31 << 3;         // q35's bridge to the slow devices
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pci_device_add>(request), 0);
    }},
    {"physdev_op.pci_mmcfg_reserved", "refuses unknown flags", [] {
        physdev_pci_mmcfg_reserved_t request{};
        request.flags = 2;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pci_mmcfg_reserved>(request), -XEN_EINVAL);
    }},
    {"physdev_op", "refuses unknown commands and bad addresses", [] {
        expect_equal(untyped::physdev_op(63, nullptr), -XEN_ENOSYS);
        expect_equal(untyped::physdev_op(1000, nullptr), -XEN_ENOSYS);
        expect_equal(untyped::physdev_op(PHYSDEVOP_eoi, nowhere), -XEN_EFAULT);
        expect_equal(untyped::physdev_op(PHYSDEVOP_eoi, HYPERVISOR_VIRT_START), -XEN_EFAULT);
    }},
    {"platform_op", "refuses another interface's version, unknown commands and bad addresses", [] {
        xen_platform_op_t request{};
        request.cmd = XENPF_get_cpuinfo;
        expect_equal(platform_op(request), -XEN_EACCES);
        expect_equal(platform(request, 1000), -XEN_ENOSYS);
        expect_equal(untyped::platform_op(nowhere), -XEN_EFAULT);
    }},
    {"platform_op.settime64", "sets the wall clock that the domain reads", [] {
        constexpr std::uint64_t then = 2'000'000'000;
        xen_platform_op_t request{};
        request.u.settime64.secs = then;
        request.u.settime64.nsecs = 5;
        request.u.settime64.system_time = 0;
        expect_equal(platform(request, XENPF_settime64), 0);
        expect_equal(shared->wc_sec, then);
        expect_equal(shared->wc_nsec, 5);
        request.u.settime64.mbz = 1;
        expect_equal(platform(request, XENPF_settime64), -XEN_EINVAL);
    }},
    {"platform_op.get_cpuinfo", "knows the first CPU, and none of a high number", [] {
        xen_platform_op_t request{};
        expect_equal(platform(request, XENPF_get_cpuinfo), 0);
        expect_equal(request.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
        expect_equal(request.u.pcpu_info.apic_id, 0);
        expect_equal(request.u.pcpu_info.max_present, 0);
        request = {};
        request.u.pcpu_info.xen_cpuid = 100'000;
        expect_equal(platform(request, XENPF_get_cpuinfo), 0);
        expect_equal(request.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
    }},
    {"platform_op.get_cpu_version", "tells the CPU's maker", [] {
        xen_platform_op_t request{};
        expect_equal(platform(request, XENPF_get_cpu_version), 0);
        expect_equal(request.u.pcpu_version.max_present, 0);
        expect(request.u.pcpu_version.vendor_id[0] != 0);
    }},
    {"platform_op.firmware_info", "a BIOS has no EFI tables", [] {
        xen_platform_op_t request{};
        request.u.firmware_info.type = XEN_FW_EFI_INFO;
        request.u.firmware_info.index = XEN_FW_EFI_CONFIG_TABLE;
        expect_equal(platform(request, XENPF_firmware_info), -XEN_ENOSYS);
        request.u.firmware_info.type = 77;
        expect_equal(platform(request, XENPF_firmware_info), -XEN_EINVAL);
        request.u.firmware_info.type = XEN_FW_KBD_SHIFT_FLAGS;
        request.u.firmware_info.index = 0;
        expect_equal(platform(request, XENPF_firmware_info), 0);
    }},
    {"platform_op.cpu_online", "refuses CPUs that are not there", [] {
        xen_platform_op_t request{};
        request.u.cpu_ol.cpuid = 100'000;
        expect_equal(platform(request, XENPF_cpu_online), -XEN_EINVAL);
        request.u.cpu_ol.cpuid = 0;
        expect_equal(platform(request, XENPF_cpu_online), 0);
    }},
    {"mca", "there is no record to fetch; the CPUs are counted", [] {
        xen_mc_t request{};
        request.u.mc_fetch.flags = XEN_MC_NONURGENT;
        static mc_info_t room;
        request.u.mc_fetch.data.p = &room;
        expect_equal(call<rows::mca, XEN_MC_fetch>(request), 0);
        expect_equal(request.u.mc_fetch.flags, XEN_MC_NODATA);
        request = {};
        expect_equal(call<rows::mca, XEN_MC_physcpuinfo>(request), 0);
        expect_equal(request.u.mc_physcpuinfo.ncpus, 1);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
