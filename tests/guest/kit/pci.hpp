// PCI functions as Dom0's kernel reaches them: configuration space by ports, for which it needs its I/O privilege, and their
// messages as pirqs.
#pragma once

#include "hypercall.hpp"
#include "port_io.hpp"

#include <cstdint>

namespace kit {

// Of QEMU's q35 machine, bus 0.
constexpr std::uint8_t disks = 31 << 3 | 2;         // it has MSI

inline Status add(std::uint8_t devfn, std::uint16_t segment = 0) {
    physdev_pci_device_add_t request{};
    request.seg = segment;
    request.devfn = devfn;
    return call<rows::physdev_op, PHYSDEVOP_pci_device_add>(request);
}

struct Mapped {
    Status status;
    int pirq;
};
inline Mapped map_message(int type, std::uint8_t devfn, int entry = 0, std::uint64_t table = 0, int bus = 0) {
    physdev_map_pirq_t request{};
    request.domid = DOMID_SELF;
    request.type = type;
    request.index = request.pirq = -1;
    request.bus = bus;
    request.devfn = devfn;
    request.entry_nr = entry;
    request.table_base = table;
    const Status status = call<rows::physdev_op, PHYSDEVOP_map_pirq>(request);
    return {status, request.pirq};
}
inline Status unmap(int pirq, domid_t domain = DOMID_SELF) {
    physdev_unmap_pirq_t request{domain, pirq};
    return call<rows::physdev_op, PHYSDEVOP_unmap_pirq>(request);
}

// Configuration space by ports.
inline std::uint32_t config(std::uint8_t devfn, unsigned offset) {
    out<std::uint32_t>(0xcf8, 1u << 31 | devfn << 8u | offset);
    return in<std::uint32_t>(0xcfc);
}
inline void set_config(std::uint8_t devfn, unsigned offset, std::uint32_t value) {
    out<std::uint32_t>(0xcf8, 1u << 31 | devfn << 8u | offset);
    out<std::uint32_t>(0xcfc, value);
}

}
