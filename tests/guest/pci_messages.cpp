// RUN: %boot-guest --device nec-usb-xhci,msi=on,msix=off | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The numbers of messages: who has them, and when they are given out again. The machine has one function that can send
// several, the USB controller in the first free slot of q35's bus, and one that sends one, the disk controller.
#include "kit/case.hpp"
#include "kit/pci.hpp"
#include "kit/ports.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

constexpr std::uint8_t usb = 1 << 3;

Status remove(std::uint8_t devfn) {
    physdev_pci_device_t request{0, 0, devfn};
    return call<rows::physdev_op, PHYSDEVOP_pci_device_remove>(request);
}

// As `map_message`, for another domain.
Mapped map_for(unsigned domain, std::uint8_t devfn) {
    physdev_map_pirq_t request{};
    request.domid = static_cast<domid_t>(domain);
    request.type = MAP_PIRQ_TYPE_MSI;
    request.index = request.pirq = -1;
    request.devfn = devfn;
    const Status status = call<rows::physdev_op, PHYSDEVOP_map_pirq>(request);
    return {status, request.pirq};
}

// The disk controller's message goes, by `let_go`, while a port is bound to it. Another function's can be bound beside
// that port; and the number is free once the port is.
void expect_number_is_kept(Status (*let_go)(int pirq)) {
    for (const std::uint8_t devfn : {disks, usb}) expect_equal(add(devfn), 0);
    const Mapped first = map_message(MAP_PIRQ_TYPE_MSI, disks);
    expect_equal(first.status, 0);
    const unsigned port = port_of(bind_pirq(static_cast<unsigned>(first.pirq)));
    expect_equal(let_go(first.pirq), 0);

    const Mapped next = map_message(MAP_PIRQ_TYPE_MSI, usb);
    expect_equal(next.status, 0);
    const unsigned beside = port_of(bind_pirq(static_cast<unsigned>(next.pirq)));
    expect_equal(close(port), 0);
    expect_equal(close(beside), 0);

    const Mapped again = map_message(MAP_PIRQ_TYPE_MSI, disks);
    expect_equal(again.pirq, first.pirq);
    for (const int pirq : {next.pirq, again.pirq}) expect_equal(unmap(pirq), 0);
}

constexpr auto table = std::to_array<Case>({
    {"physdev_op.unmap_pirq", "a message's number is not given out while the port that was bound to it is there", [] {
        if (on_stock_xen()) return skip("stock Xen answers EBUSY to the next message until that port is closed");
        expect_number_is_kept([](int pirq) { return unmap(pirq); });
    }},
    {"physdev_op.pci_device_remove", "of a function whose message is bound, neither", [] {
        if (on_stock_xen()) return skip("stock Xen keeps the message until its pirq is unmapped");
        expect_number_is_kept([](int) { return remove(disks); });
    }},
    {"physdev_op.unmap_pirq", "of several messages the first is named, and all of them go", [] {
        if (on_stock_xen()) return skip("stock Xen wants interrupt remapping for more than one");
        expect_equal(add(usb), 0);
        const Mapped four = map_message(MAP_PIRQ_TYPE_MULTI_MSI, usb, 4);
        if (!expect_equal(four.status, 0)) return;
        for (const int other : {1, 2, 3}) expect_equal(unmap(four.pirq + other), -XEN_EBUSY);
        expect_equal(unmap(four.pirq), 0);
        for (const int gone : {0, 1, 2, 3}) expect_equal(unmap(four.pirq + gone), -XEN_EINVAL);
    }},
    {"physdev_op.unmap_pirq", "messages that another domain has got meanwhile stay its own", [] {
        if (on_stock_xen()) return skip("stock Xen wants interrupt remapping for more than one");
        const SmallDomain other(endless_loop);
        if (!expect_equal(other.trouble, 0)) return;
        const Mapped four = map_message(MAP_PIRQ_TYPE_MULTI_MSI, usb, 4);
        expect_equal(four.status, 0);
        unmap(four.pirq + 1);
        const Mapped its = map_for(other.id, disks);
        expect_equal(its.status, 0);
        expect_equal(unmap(four.pirq), 0);
        expect_equal(unmap(its.pirq, static_cast<domid_t>(other.id)), 0);
        expect_equal(other.destroy(), 0);
        expect_audit_agrees();
    }},
});

}

constinit const std::span<const Case> cases = table;

}
