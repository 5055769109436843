#include "devices/pci_devices.hpp"

#include <algorithm>

#include "debug/log.hpp"
#include "devices/pci_config.hpp"
#include "devices/pci_guard.hpp"
#include "devices/routes.hpp"
#include "machine/cpu.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

void find_table(PciDevice& device) {
    device.table = 0;
    if (device.msix == 0) return;
    const auto at = static_cast<std::uint16_t>(device.msix + 2);
    const pci::MsixControl control{static_cast<std::uint16_t>(read_pci(device.function, at, 2))};
    device.table_entries = static_cast<std::uint16_t>(control.entries());
    device.table = message_table(device.function, device.msix).value_or(0);
}

void look_at(PciDevice& device) {
    device.msi = find_capability(device.function, pci::Capability::msi).value_or(0);
    device.msix = find_capability(device.function, pci::Capability::msix).value_or(0);
    find_table(device);
}

bool answers(pci::Function function) { return function.segment == 0 && read_pci(function, pci::offset::vendor, 2) != 0xffff; }

Result<PciDevice*> remember(Routes& all, pci::Function function) {
    if (all.device_count == all.devices.size()) return refuse(Error::no_memory);
    auto& device = all.devices[all.device_count++];
    device = {.function = function};
    look_at(device);
    return &device;
}

// Its table is to be guarded, whether or not Dom0 has announced it. Null: it has none.
Result<PciDevice*> device_with_table(Routes& all, pci::Function function) {
    if (auto* known = all.device(function)) return known;
    if (!answers(function) || !find_capability(function, pci::Capability::msix)) return nullptr;
    return remember(all, function);
}

PciDevice* announced(Routes& all, pci::Function function) {
    auto* device = all.device(function);
    return device != nullptr && device->announced ? device : nullptr;
}

std::size_t table_bytes(const PciDevice& device) { return std::size_t{device.table_entries} * pci::msix_entry_size; }

constexpr bool overlaps(unsigned offset, unsigned width, unsigned begin, unsigned end) {
    return offset < end && offset + width > begin;
}

bool has_messages(const Routes& all, const PciDevice& device, bool extended) {
    return std::any_of(all.of.begin(), all.of.end(), [&](const Route& route) {
        return route.kind == Route::Kind::message && route.slot.function == device.function && route.slot.extended == extended;
    });
}

// Of the control word only the enable and mask bits are Dom0's: how many messages there are is not.
constexpr std::uint32_t message_count_field = 0x70;

std::optional<std::uint32_t> guard_msi(const PciDevice& device, std::uint16_t offset, unsigned width, std::uint32_t value) {
    const auto control_at = static_cast<std::uint16_t>(device.msi + 2);
    const pci::MsiControl control{static_cast<std::uint16_t>(read_pci(device.function, control_at, 2))};
    if (!overlaps(offset, width, control_at, device.msi + control.length())) return value;
    if (offset != control_at || width != 2) return {};
    return (value & ~message_count_field) | (control.word & message_count_field);
}

std::optional<std::uint32_t> guard_msix(const PciDevice& device, std::uint16_t offset, unsigned width, std::uint32_t value) {
    const unsigned control_at = device.msix + 2u;
    if (!overlaps(offset, width, control_at, device.msix + 12u)) return value;
    if (offset != control_at || width != 2) return {};
    return value;
}

}  // namespace

// What was there when it was last announced may not be what is there now.
Result<PciDevice*> known_device(Routes& all, pci::Function function) {
    auto* device = announced(all, function);
    if (device != nullptr) return device;
    if (!answers(function)) return refuse(Error::no_device);
    device = all.device(function);
    if (device == nullptr)
        device = TRY(remember(all, function));
    else
        look_at(*device);
    device->announced = true;
    return device;
}

bool guard_message_table(pci::Function function) {
    return routes().with([function](Routes& all) { return device_with_table(all, function).has_value(); });
}

Result<std::byte*> table_of(PciDevice& device) {
    find_table(device);
    if (device.table == 0 || !may_hold_registers(mfn_of(device.table), mfn_of(device.table + table_bytes(device) - 1)))
        return refuse(Error::no_device_or_address);
    if (device.mapped != device.table) {
        device.registers = TRY(map_device(device.table, table_bytes(device)));
        device.mapped = device.table;
    }
    return device.registers;
}

Result<> announce_function(pci::Function function, std::optional<NodeId> node) {
    return routes().with([function, node](Routes& all) -> Result<> {
        auto* const device = TRY(known_device(all, function));
        find_table(*device);
        device->node = node;
        return {};
    });
}

Result<std::optional<NodeId>> node_of(pci::Function function) {
    return routes().with([function](Routes& all) -> Result<std::optional<NodeId>> {
        const auto* device = announced(all, function);
        if (device == nullptr) return refuse(Error::no_device);
        return device->node;
    });
}

Result<> withdraw_function(pci::Function function) {
    return routes().with([function](Routes& all) -> Result<> {
        auto* device = announced(all, function);
        if (!device) return refuse(Error::no_device);
        release_messages(all, function);        // nobody guards them any more
        device->announced = device->settled = false;
        device->node.reset();
        if (device->msix == 0 || !answers(function)) *device = all.devices[--all.device_count];
        return {};
    });
}

Result<> restore_messages(pci::Function function) {
    return routes().with([function](Routes& all) -> Result<> {
        if (!announced(all, function)) return refuse(Error::no_device);
        for (auto& route : all.of) {
            if (route.kind != Route::Kind::message || route.slot.function != function) continue;
            route.slot.set_masked(true);
            route.slot.write(message_of(route));
            if (route.bound) route.slot.set_masked(false);
        }
        return {};
    });
}

Result<> settle_msix(pci::Function function) {
    return routes().with([function](Routes& all) -> Result<> {
        auto* device = TRY(known_device(all, function));
        if (device->msix == 0) return refuse(Error::no_device);
        if (device->settled || has_messages(all, *device, true)) return refuse(Error::busy);
        find_table(*device);
        device->settled = true;
        return {};
    });
}

Result<> release_msix(pci::Function function) {
    return routes().with([function](Routes& all) -> Result<> {
        auto* device = announced(all, function);
        if (!device || device->msix == 0) return refuse(Error::no_device);
        if (!device->settled || has_messages(all, *device, true)) return refuse(Error::busy);
        device->settled = false;
        return {};
    });
}

std::optional<std::uint32_t> allowed_write(Routes& all, pci::Function function, std::uint16_t offset, unsigned width,
                                           std::uint32_t value) {
    if (offset + width <= 0x40) return value;
    const auto* device = all.device(function);
    if (!device) return value;
    if (device->msi != 0 && has_messages(all, *device, false)) {
        const auto allowed = guard_msi(*device, offset, width, value);
        if (!allowed) return {};
        value = *allowed;
    }
    if (device->msix != 0 && has_messages(all, *device, true)) return guard_msix(*device, offset, width, value);
    return value;
}

void look_again(Routes& all, pci::Function function, std::uint16_t offset) {
    if (offset < pci::offset::first_bar || offset >= pci::offset::first_bar + 6 * 4) return;
    if (auto* device = device_with_table(all, function).value_or(nullptr)) find_table(*device);
}

bool is_message_table(Mfn mfn) {
    return routes().with([mfn](Routes& all) {
        for (std::size_t index = 0; index < all.device_count; ++index) {
            const auto& device = all.devices[index];
            if (device.table == 0) continue;
            if (mfn >= mfn_of(device.table) && mfn <= mfn_of(device.table + table_bytes(device) - 1)) return true;
        }
        return false;
    });
}

}  // namespace basalt
