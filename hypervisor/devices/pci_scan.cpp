// Which PCI functions the machine starts with: Dom0 announces them later, or never, and may have mapped them by then.
#include "devices/pci_config.hpp"
#include "devices/pci_guard.hpp"
#include "devices/start.hpp"

namespace basalt {
namespace {

constexpr unsigned buses = 256, devices_of_bus = 32;
constexpr std::uint32_t several_functions = 0x80;     // in the header type

void look_at_bus(std::uint8_t bus) {
    for (unsigned device = 0; device < devices_of_bus; ++device) {
        const pci::Function first{.bus = bus, .devfn = static_cast<std::uint8_t>(device << 3)};
        guard_message_table(first);
        const std::uint32_t header = read_pci(first, pci::offset::header_type, 1);
        const unsigned functions = header != 0xff && (header & several_functions) != 0 ? 8 : 1;
        for (unsigned number = 1; number < functions; ++number)
            guard_message_table({.bus = bus, .devfn = static_cast<std::uint8_t>(first.devfn + number)});
    }
}

}  // namespace

void look_at_pci() {
    for (unsigned bus = 0; bus < buses; ++bus) look_at_bus(static_cast<std::uint8_t>(bus));
}

}  // namespace basalt
