// PCI Local Bus 3.0, 3.2.2.3.2: an address register and a data window, so two CPUs must not mix.
#include "devices/pci_config.hpp"

#include <variant>

#include "core/lock.hpp"
#include "devices/pci_guard.hpp"
#include "devices/pci_window.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

constexpr std::uint16_t address_port = 0xcf8;
constexpr std::uint16_t data_port = 0xcfc;
constinit Guarded<std::monostate, Rank::machine> ports;

std::uint32_t all_ones(unsigned width) { return width == 4 ? ~0u : (1u << (8 * width)) - 1; }

std::uint32_t read_word(std::uint32_t address, std::uint16_t port, unsigned width) {
    return ports.with([=](auto&) -> std::uint32_t {
        out32(address_port, address);
        if (width == 1) return in8(port);
        if (width == 2) return in16(port);
        return in32(port);
    });
}

void write_word(std::uint32_t address, std::uint16_t port, unsigned width, std::uint32_t value) {
    ports.with([=](auto&) {
        out32(address_port, address);
        if (width == 1) return out8(port, static_cast<std::uint8_t>(value));
        if (width == 2) return out16(port, static_cast<std::uint16_t>(value));
        out32(port, value);
    });
}

constexpr std::uint16_t window(std::uint16_t offset) { return static_cast<std::uint16_t>(data_port + (offset & 3)); }
constexpr bool reachable(pci::Function function, std::uint16_t offset) { return function.segment == 0 && offset < 256; }

}  // namespace

std::uint32_t read_pci(pci::Function function, std::uint16_t offset, unsigned width) {
    if (!reachable(function, offset)) return all_ones(width);
    return read_word(function.port_word(static_cast<std::uint8_t>(offset)), window(offset), width);
}

void write_pci(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value) {
    if (!reachable(function, offset)) return;
    write_word(function.port_word(static_cast<std::uint8_t>(offset)), window(offset), width, value);
}

// 6.7: a list through the function's registers. Bounded: a broken one may be a ring.
std::optional<std::uint8_t> find_capability(pci::Function function, pci::Capability wanted) {
    const auto status = read_pci(function, pci::offset::status, 2);
    if (status == 0xffff || !(status & pci::status_has_capabilities)) return {};
    auto at = static_cast<std::uint8_t>(read_pci(function, pci::offset::capabilities, 1) & 0xfc);
    for (unsigned count = 0; at >= 0x40 && count < 48; ++count) {
        const auto entry = read_pci(function, at, 2);
        if ((entry & 0xff) == static_cast<std::uint8_t>(wanted)) return at;
        at = static_cast<std::uint8_t>(entry >> 8 & 0xfc);
    }
    return {};
}

// An address without its enable bit names an I/O port of old, which Dom0 has no business with through here.
namespace {

constexpr std::uint32_t enabled = 0x8000'0000;

}  // namespace

std::uint32_t read_pci_for_dom0(std::uint32_t address, std::uint16_t port, unsigned width) {
    if (!(address & enabled)) return all_ones(width);
    return read_word(address, port, width);
}

void write_pci_for_dom0(std::uint32_t address, std::uint16_t port, unsigned width, std::uint32_t value) {
    if (!(address & enabled)) return;
    const pci::Function function{
        .segment = 0, .bus = static_cast<std::uint8_t>(address >> 16), .devfn = static_cast<std::uint8_t>(address >> 8)};
    const auto offset = static_cast<std::uint16_t>((address & 0xfc) + (port & 3));
    guarded_write(function, offset, width, value, [=](std::uint32_t allowed) { write_word(address, port, width, allowed); });
}

void write_pci_for_dom0(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value) {
    guarded_write(function, offset, width, value, [=](std::uint32_t allowed) {
        reachable(function, offset) ? write_pci(function, offset, width, allowed)
                                    : write_window(function, offset, width, allowed);
    });
}

}  // namespace basalt
