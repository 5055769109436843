// Interrupts and devices of the machine, driven by the domain that has their drivers (<xen/physdev.h>).
#include "abi/physdev.hpp"
#include "debug/log.hpp"
#include "devices/io_apic.hpp"
#include "devices/nodes.hpp"
#include "devices/pci_devices.hpp"
#include "devices/pirqs.hpp"
#include "domain/domain.hpp"
#include "domain/pirq_ends.hpp"
#include "guests/pv/ports.hpp"
#include "hypercalls/commands.hpp"
#include "table/physdev_op.hpp"

namespace basalt::hypercalls {
namespace {

Result<> eoi(const physdev_eoi_t& request) { return end_pirq(running().domain.id, Pirq(request.irq)); }

Result<> pirq_eoi_gmfn(const physdev_pirq_eoi_gmfn_t& request) {
    return publish_pirq_ends(running().domain, Pfn(request.gmfn));
}

// For guests that do not look at the page of pirq_eoi_gmfn: as on Xen, the answer is always the careful one.
Result<> irq_status_query(physdev_irq_status_query_t& request) {
    if (request.irq >= pirq_end) return refuse(Error::invalid);
    request.flags = XENIRQSTAT_needs_eoi;
    return {};
}

Result<> set_iopl(const physdev_set_iopl_t& request) {
    if (request.iopl > 3) return refuse(Error::invalid);
    pv::set_io_privilege(running(), static_cast<std::uint8_t>(request.iopl));
    return {};
}

Result<> set_iobitmap(const physdev_set_iobitmap_t& request) {
    constexpr std::uint32_t every_port = 65536;
    const auto bitmap = GuestPointer<std::uint8_t>(request.bitmap.p).address();
    if (request.nr_ports > every_port || !may_name(running(), bitmap, every_port / 8)) return refuse(Error::invalid);
    pv::lend_ports_to_user(running(), request.bitmap, request.nr_ports);
    return {};
}

Result<> apic_read(physdev_apic_t& request) {
    request.value = TRY(read_io_apic(request.apic_physbase, request.reg));
    return {};
}

// The IO-APICs are Basalt's. What Dom0 may say of a line it says by setup_gsi; other writes are dropped.
Result<> apic_write(const physdev_apic_t& request) {
    TRY(read_io_apic(request.apic_physbase, request.reg));
    return {};
}

// Vectors are nothing that a guest sees: its line's number stands for one.
Result<> alloc_irq_vector(physdev_irq_t& request) {
    request.vector = request.irq;
    return {};
}

Result<> setup_gsi(const physdev_setup_gsi_t& request) {
    if (request.gsi < 0) return refuse(Error::invalid);
    return shape_line(Gsi(static_cast<std::uint32_t>(request.gsi)), request.triggering != 0, request.polarity != 0);
}

Result<Pirq> map_gsi(DomainId domain, const physdev_map_pirq_t& request) {
    const Gsi gsi(static_cast<std::uint32_t>(request.index));
    if (request.index < 0 || !gsi_exists(gsi)) return refuse(Error::invalid);
    // A line's pirq has the line's number: another that is asked for comes too late.
    if (request.pirq >= 0 && request.pirq != request.index) return refuse(Error::exists);
    return map_line(domain, gsi);
}

// A table address says that MSI-X is meant; where the table is, Basalt finds out for itself.
Result<Pirq> map_msi(DomainId domain, const physdev_map_pirq_t& request) {
    const auto bus = static_cast<std::uint32_t>(request.bus);
    const bool several = request.type == MAP_PIRQ_TYPE_MULTI_MSI;
    const auto entry = static_cast<std::uint32_t>(request.entry_nr);
    if (several && (entry == 0 || entry > 32)) return refuse(Error::out_of_domain);
    if (!several && entry > 0x7ff) return refuse(Error::invalid);
    const bool extended = !several && request.table_base != 0;
    return map_message(domain,
                       {.function = {.segment = static_cast<std::uint16_t>(request.type == MAP_PIRQ_TYPE_MSI ? 0 : bus >> 16),
                                     .bus = static_cast<std::uint8_t>(bus),
                                     .devfn = static_cast<std::uint8_t>(request.devfn)},
                        .entry = static_cast<std::uint16_t>(extended ? entry : 0),
                        .extended = extended,
                        .count = static_cast<std::uint8_t>(several ? entry : 1)});
}

Result<> map_pirq(Domain& domain, physdev_map_pirq_t& request) {
    switch (request.type) {
        case MAP_PIRQ_TYPE_GSI: request.pirq = static_cast<int>(TRY(map_gsi(domain.id, request)).raw); return {};
        case MAP_PIRQ_TYPE_MSI:
        case MAP_PIRQ_TYPE_MSI_SEG:
        case MAP_PIRQ_TYPE_MULTI_MSI: request.pirq = static_cast<int>(TRY(map_msi(domain.id, request)).raw); return {};
        default: return refuse(Error::invalid);
    }
}

Result<> unmap(Domain& domain, const physdev_unmap_pirq_t& request) {
    return unmap_pirq(domain.id, Pirq(static_cast<std::uint32_t>(request.pirq)));
}

pci::Function function_of(const physdev_pci_device_t& request) {
    return {.segment = request.seg, .bus = request.bus, .devfn = request.devfn};
}

// The first value behind the structure says on which node the device is.
Result<> pci_device_add(GuestPointer<physdev_pci_device_add_t> pointer) {
    const auto request = TRY(pointer.read());
    std::optional<NodeId> node;
    if ((request.flags & XEN_PCI_DEV_PXM) != 0) node = node_of_domain(TRY((pointer + 1).as<std::uint32_t>().read()));
    return announce_function({.segment = request.seg, .bus = request.bus, .devfn = request.devfn}, node);
}
Result<> pci_device_remove(const physdev_pci_device_t& request) { return withdraw_function(function_of(request)); }
Result<> manage_pci_add(const physdev_manage_pci_t& request) {
    return announce_function({.bus = request.bus, .devfn = request.devfn});
}
Result<> manage_pci_add_ext(const physdev_manage_pci_ext_t& request) {
    if (request.is_extfn > 1 || request.is_virtfn > 1) return refuse(Error::invalid);
    return announce_function({.bus = request.bus, .devfn = request.devfn});
}
Result<> manage_pci_remove(const physdev_manage_pci_t& request) {
    return withdraw_function({.bus = request.bus, .devfn = request.devfn});
}
Result<> restore_msi(const physdev_restore_msi_t& request) {
    return restore_messages({.bus = request.bus, .devfn = request.devfn});
}
Result<> restore_msi_ext(const physdev_pci_device_t& request) { return restore_messages(function_of(request)); }
Result<> prepare_msix(const physdev_pci_device_t& request) { return settle_msix(function_of(request)); }
Result<> end_msix(const physdev_pci_device_t& request) { return release_msix(function_of(request)); }

// Basalt reads configuration space by ports, and has compared the window with them: what Dom0 says does not matter.
Result<> pci_mmcfg_reserved(const physdev_pci_mmcfg_reserved_t& request) {
    if (request.flags & ~std::uint32_t{XEN_PCI_MMCFG_RESERVED}) return refuse(Error::invalid);
    return {};
}

// A USB debug port would be told of its controller's reset; Basalt has no console there.
Result<> dbgp_op(const physdev_dbgp_op_t&) { return {}; }

constexpr auto commands = bind<table::physdev_op>(
    does<PHYSDEVOP_eoi, eoi>, does<PHYSDEVOP_pirq_eoi_gmfn_v2, pirq_eoi_gmfn>,
    does<PHYSDEVOP_irq_status_query, irq_status_query>, does<PHYSDEVOP_set_iopl, set_iopl>,
    does<PHYSDEVOP_set_iobitmap, set_iobitmap>, does<PHYSDEVOP_apic_read, apic_read>, does<PHYSDEVOP_apic_write, apic_write>,
    does<PHYSDEVOP_alloc_irq_vector, alloc_irq_vector>, does<PHYSDEVOP_map_pirq, map_pirq>, does<PHYSDEVOP_unmap_pirq, unmap>,
    does<PHYSDEVOP_setup_gsi, setup_gsi>, does<PHYSDEVOP_manage_pci_add, manage_pci_add>,
    does<PHYSDEVOP_manage_pci_add_ext, manage_pci_add_ext>, does<PHYSDEVOP_manage_pci_remove, manage_pci_remove>,
    does<PHYSDEVOP_pci_device_add, pci_device_add>, does<PHYSDEVOP_pci_device_remove, pci_device_remove>,
    does<PHYSDEVOP_restore_msi, restore_msi>, does<PHYSDEVOP_restore_msi_ext, restore_msi_ext>,
    does<PHYSDEVOP_prepare_msix, prepare_msix>, does<PHYSDEVOP_release_msix, end_msix>,
    does<PHYSDEVOP_pci_mmcfg_reserved, pci_mmcfg_reserved>, does<PHYSDEVOP_dbgp_op, dbgp_op>);

}  // namespace

template <>
Ending hypercall<table::physdev_op>(Call call) {
    return give(commands, call);
}

}  // namespace basalt::hypercalls
