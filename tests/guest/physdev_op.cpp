// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Interrupt routing as Dom0 sets it up, and what it may tell about the machine's devices.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

Status apic(unsigned command, unsigned long base, unsigned reg, std::uint32_t& value) {
    physdev_apic_t request{base, reg, value};
    const Status status = untyped::physdev_op(static_cast<int>(command), &request);
    value = request.value;
    return status;
}
Status setup_gsi(int gsi, unsigned triggering = 0, unsigned polarity = 0) {
    physdev_setup_gsi_t request{gsi, static_cast<std::uint8_t>(triggering), static_cast<std::uint8_t>(polarity)};
    return call<rows::physdev_op, PHYSDEVOP_setup_gsi>(request);
}
Status map_gsi(int gsi, int& pirq, unsigned domain = DOMID_SELF) {
    physdev_map_pirq_t request{};
    request.domid = static_cast<domid_t>(domain);
    request.type = MAP_PIRQ_TYPE_GSI;
    request.index = gsi;
    request.pirq = pirq;
    const Status status = call<rows::physdev_op, PHYSDEVOP_map_pirq>(request);
    pirq = request.pirq;
    return status;
}
Status eoi(unsigned pirq) {
    physdev_eoi_t request{pirq};
    return call<rows::physdev_op, PHYSDEVOP_eoi>(request);
}

constexpr auto table = std::to_array<Case>({
    {"physdev_op.apic_read", "the IO-APIC's version tells its 24 pins", [] {
        std::uint32_t value = 0;
        expect_equal(apic(PHYSDEVOP_apic_read, 0xfec00000, 1, value), 0);
        expect_equal(value >> 16 & 0xff, 23);
        expect_equal(apic(PHYSDEVOP_apic_read, 0xfec00000, 0, value), 0);
    }},
    {"physdev_op.apic_read", "refuses what is no IO-APIC", [] {
        std::uint32_t value = 0;
        expect_equal(apic(PHYSDEVOP_apic_read, 0x12345000, 0, value), -XEN_EINVAL);
        expect_equal(apic(PHYSDEVOP_apic_read, 0xfee00000, 0, value), -XEN_EINVAL);
        expect_equal(untyped::physdev_op(PHYSDEVOP_apic_read, nowhere), -XEN_EFAULT);
    }},
    {"physdev_op.setup_gsi", "sets a pin up once", [] {
        expect_equal(setup_gsi(20, 1, 1), 0);
        expect_equal(setup_gsi(20, 1, 1), -XEN_EEXIST);
        expect_equal(setup_gsi(1000), -XEN_EINVAL);
        expect_equal(setup_gsi(-1), -XEN_EINVAL);
    }},
    {"physdev_op.map_pirq", "gives a GSI its own number, or another", [] {
        int pirq = 20;
        expect_equal(map_gsi(20, pirq), 0);
        expect_equal(pirq, 20);
        int again = 20;
        expect_equal(map_gsi(20, again), 0);
        int any = -1;
        expect_equal(map_gsi(21, any), 0);
        expect(any >= 16 && any != 20);
    }},
    {"physdev_op.map_pirq", "refuses a second number, GSIs, kinds and domains that do not exist", [] {
        int other = 21;
        expect_equal(map_gsi(20, other), -XEN_EEXIST);
        int bad = 100;
        expect_equal(map_gsi(1000, bad), -XEN_EINVAL);
        physdev_map_pirq_t request{};
        request.domid = DOMID_SELF;
        request.type = 99;
        request.pirq = -1;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_map_pirq>(request), -XEN_EINVAL);
        request.type = MAP_PIRQ_TYPE_GSI;
        request.domid = 5;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_map_pirq>(request), -XEN_ESRCH);
        expect_equal(untyped::physdev_op(PHYSDEVOP_map_pirq, nowhere), -XEN_EFAULT);
    }},
    {"event_channel_op.bind_pirq", "binds a mapped interrupt to a port, once", [] {
        const unsigned port = port_of(bind_pirq(20, BIND_PIRQ__WILL_SHARE));
        expect(port != 0);
        expect_equal(bind_pirq(20, BIND_PIRQ__WILL_SHARE).status, -XEN_EEXIST);
        expect_equal(bind_pirq(90, BIND_PIRQ__WILL_SHARE).status, -XEN_EPERM);      // nothing is mapped there
        expect_equal(bind_pirq(4, BIND_PIRQ__WILL_SHARE).status, -XEN_EPERM);
        expect_equal(bind_pirq(100000, BIND_PIRQ__WILL_SHARE).status, -XEN_EINVAL);
        close(port);
    }},
    {"physdev_op.irq_status_query", "tells whether an interrupt needs an end", [] {
        const unsigned port = port_of(bind_pirq(20, BIND_PIRQ__WILL_SHARE));
        physdev_irq_status_query_t query{20, 0};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_irq_status_query>(query), 0);
        expect_equal(query.flags & XENIRQSTAT_needs_eoi, XENIRQSTAT_needs_eoi);
        query.irq = 100000;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_irq_status_query>(query), -XEN_EINVAL);
        close(port);
    }},
    {"physdev_op.eoi", "is taken for a bound interrupt, refused beyond them", [] {
        const unsigned port = port_of(bind_pirq(20, BIND_PIRQ__WILL_SHARE));
        expect_equal(eoi(20), 0);
        expect_equal(eoi(100000), -XEN_EINVAL);
        expect_equal(untyped::physdev_op(PHYSDEVOP_eoi, nowhere), -XEN_EFAULT);
        close(port);
        expect_equal(eoi(20), 0);
        expect_equal(eoi(90), -XEN_EINVAL);
    }},
    {"physdev_op.pirq_eoi_gmfn_v2", "takes a page for the marks, once", [] {
        Page& page = fresh_page();
        physdev_pirq_eoi_gmfn_t request{page.mfn()};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2>(request), 0);
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2>(request), -XEN_EBUSY);
        physdev_pirq_eoi_gmfn_t another{fresh_page().mfn()};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2>(another), -XEN_EBUSY);
        request.gmfn = root_mfn();
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2>(request), -XEN_EINVAL);
        request.gmfn = 0xffffffffff;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pirq_eoi_gmfn_v2>(request), -XEN_EINVAL);
    }},
    {"physdev_op.unmap_pirq", "gives a number back", [] {
        physdev_unmap_pirq_t request{DOMID_SELF, 20};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(request), 0);
        expect_equal(call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(request), -XEN_EINVAL);
        request.pirq = 100000;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(request), -XEN_EINVAL);
    }},
    {"physdev_op.map_pirq", "of a domain that has ended a line is nobody's: it can be mapped, and mapped by the next of that number", [] {
        constexpr int line = 17;
        int pirq = line;
        const SmallDomain other(endless_loop);
        if (!expect_equal(other.trouble, 0)) return;
        expect_equal(map_gsi(line, pirq, other.id), 0);
        int ours = line;
        if (!on_stock_xen()) expect_equal(map_gsi(line, ours), -XEN_EEXIST);     // Xen looks when it is bound
        expect_equal(other.destroy(), 0);
        while (other.info().domain == other.id) call<rows::sched_op, SCHEDOP_yield>();
        physdev_unmap_pirq_t undo{DOMID_SELF, line};
        expect_equal(map_gsi(line, ours), 0);
        expect_equal(call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(undo), 0);

        xen_domctl_t again{};
        again.u.createdomain.max_vcpus = 1;
        again.u.createdomain.max_evtchn_port = 1023;
        again.u.createdomain.max_grant_frames = again.u.createdomain.max_maptrack_frames = -1;
        again.u.createdomain.grant_opts = XEN_DOMCTL_GRANT_version(1);
        expect_equal(domctl(XEN_DOMCTL_createdomain, other.id, again), 0);
        undo.domid = static_cast<domid_t>(other.id);
        expect_equal(call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(undo), -XEN_EINVAL);
        while (domctl(XEN_DOMCTL_destroydomain, other.id) == -XEN_EAGAIN) {}
        expect_audit_agrees();
    }},
    {"physdev_op.alloc_irq_vector", "gives a vector for an interrupt", [] {
        physdev_irq_t request{22, 0};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_alloc_irq_vector>(request), 0);
        expect_equal(request.vector, 22);       // the interrupt's own number: real vectors are nobody's business
    }},
    {"physdev_op.pci_mmcfg_reserved", "takes the window the firmware names", [] {
        physdev_pci_mmcfg_reserved_t request{0xb0000000, 0, 0, 255, XEN_PCI_MMCFG_RESERVED};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pci_mmcfg_reserved>(request), 0);
        request.flags = 0;
        expect_equal(call<rows::physdev_op, PHYSDEVOP_pci_mmcfg_reserved>(request), 0);
        for (const unsigned flags : {2u, 3u, ~0u}) {
            request.flags = flags;
            expect_equal(call<rows::physdev_op, PHYSDEVOP_pci_mmcfg_reserved>(request), -XEN_EINVAL);
        }
    }},
    {"physdev_op.set_iobitmap", "takes a map of every port, and of no more", [] {
        static std::array<std::uint8_t, 8192> all;
        all.fill(0xff);
        physdev_set_iobitmap_t request{};
        request.bitmap.p = all.data();
        for (const auto [ports, answer] : {std::pair{0u, 0}, {1u, 0}, {65536u, 0}, {65537u, -XEN_EINVAL}, {~0u, -XEN_EINVAL}}) {
            request.nr_ports = ports;
            expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iobitmap>(request), answer);
        }
        request.nr_ports = 1;
        for (const std::uint64_t place : {HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START - 4096}) {      // it reaches in
            request.bitmap.p = reinterpret_cast<std::uint8_t*>(place);
            expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iobitmap>(request), -XEN_EINVAL);
        }
        request = {};
        expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iobitmap>(request), 0);
    }},
    {"physdev_op.set_iopl", "takes the four levels", [] {
        for (const unsigned level : {3u, 2u, 1u, 0u}) {
            physdev_set_iopl_t request{level};
            expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iopl>(request), 0);
        }
        for (const unsigned level : {4u, ~0u}) {
            physdev_set_iopl_t request{level};
            expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iopl>(request), -XEN_EINVAL);
        }
    }},
    {"physdev_op.apic_write", "leaves an IO-APIC as it is, and refuses what is none", [] {
        std::uint32_t before = 0, after = 0, identity = 0x0f000000;
        expect_equal(apic(PHYSDEVOP_apic_read, 0xfec00000, 0, before), 0);
        expect_equal(apic(PHYSDEVOP_apic_write, 0xfec00000, 0, identity), 0);
        expect_equal(apic(PHYSDEVOP_apic_read, 0xfec00000, 0, after), 0);
        expect_equal(after, before);
        expect_equal(apic(PHYSDEVOP_apic_write, 0x12345000, 0, identity), -XEN_EINVAL);
    }},
    {"physdev_op.dbgp_op", "is taken, whatever it says", [] {
        for (const unsigned op : {0u, 1u, 2u, 99u}) {
            physdev_dbgp_op_t request{};
            request.op = static_cast<std::uint8_t>(op);
            expect_equal(call<rows::physdev_op, PHYSDEVOP_dbgp_op>(request), 0);
        }
    }},
    {"physdev_op.map_pirq", "gives each line its own number alone", [] {
        if (on_stock_xen()) return skip("stock Xen gives a line another number where asked");
        int other = 60;
        expect_equal(map_gsi(19, other), -XEN_EEXIST);
    }},
    {"physdev_op.map_pirq", "takes the first ISA line and the last line, and none beyond", [] {
        for (int line : {1, 23}) {
            int pirq = line;
            expect_equal(map_gsi(line, pirq), 0);
            physdev_unmap_pirq_t request{DOMID_SELF, pirq};
            expect_equal(call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(request), 0);
        }
        for (int line : {-1, 24}) {
            int pirq = line;
            expect_equal(map_gsi(line, pirq), -XEN_EINVAL);
            expect_equal(setup_gsi(line), -XEN_EINVAL);
        }
    }},
    {"physdev_op", "unknown commands", [] {
        expect_equal(untyped::physdev_op(99, nullptr), -XEN_ENOSYS);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
