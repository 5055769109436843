#include "devices/messages.hpp"

#include "devices/pci_config.hpp"

namespace basalt {
namespace {

constexpr std::uint16_t control_offset = 2;
constexpr std::uint16_t address_offset = 4;
constexpr std::uint16_t upper_address_offset = 8;
constexpr std::uint16_t table_offset = 4;

// An MSI-X table entry (6.8.2.6 and following).
enum EntryWord : std::size_t { address = 0, upper_address = 4, data = 8, vector_control = 12 };

volatile std::uint32_t& word(const MessageSlot& slot, EntryWord which) {
    return *reinterpret_cast<volatile std::uint32_t*>(slot.table_entry + which);
}

std::uint16_t at(const MessageSlot& slot, unsigned offset) { return static_cast<std::uint16_t>(slot.capability + offset); }

pci::MsiControl control_of(const MessageSlot& slot) {
    return {static_cast<std::uint16_t>(read_pci(slot.function, at(slot, control_offset), 2))};
}

}  // namespace

// Of several MSI messages the first is written; the function adds its number to the data.
void MessageSlot::write(const MsiMessage& message) const {
    if (extended) {
        word(*this, EntryWord::address) = message.address;
        word(*this, EntryWord::upper_address) = 0;
        word(*this, EntryWord::data) = message.data;
        return;
    }
    if (entry != 0) return;
    const auto control = control_of(*this);
    write_pci(function, at(*this, address_offset), 4, message.address);
    if (control.wide()) write_pci(function, at(*this, upper_address_offset), 4, 0);
    write_pci(function, at(*this, control.data_offset()), 2, message.data);
}

// MSI without mask bits cannot be masked: what comes meanwhile is dropped.
void MessageSlot::set_masked(bool masked) const {
    if (extended) {
        const auto old = word(*this, EntryWord::vector_control);
        word(*this, EntryWord::vector_control) = masked ? old | pci::msix_masked : old & ~pci::msix_masked;
        return;
    }
    const auto control = control_of(*this);
    if (!control.maskable()) return;
    const auto bits = read_pci(function, at(*this, control.mask_offset()), 4);
    const auto bit = 1u << entry;
    write_pci(function, at(*this, control.mask_offset()), 4, masked ? bits | bit : bits & ~bit);
}

Result<std::uint64_t> message_table(pci::Function function, std::uint8_t capability) {
    const pci::MsixTable table{read_pci(function, static_cast<std::uint16_t>(capability + table_offset), 4)};
    if (table.bar() > 5) return refuse(Error::invalid);
    const auto bar = static_cast<std::uint16_t>(pci::offset::first_bar + 4 * table.bar());
    const auto low = read_pci(function, bar, 4);
    if (low & 1) return refuse(Error::invalid);                 // a port
    std::uint64_t base = low & ~0xfu;
    if ((low & 6) == 4) base |= std::uint64_t{read_pci(function, static_cast<std::uint16_t>(bar + 4), 4)} << 32;
    if (base == 0) return refuse(Error::no_device_or_address);
    return base + table.offset();
}

}  // namespace basalt
