// Which PCI functions the machine starts with: Dom0 announces them later, or never, and may have mapped them by then.
#include "debug/log.hpp"
#include "devices/pci_config.hpp"
#include "devices/pci_guard.hpp"
#include "devices/pci_window.hpp"
#include "devices/start.hpp"

namespace basalt {
namespace {

constexpr unsigned buses = 256, devices_of_bus = 32;
constexpr std::uint32_t several_functions = 0x80;     // in the header type

struct Seen {
    unsigned functions = 0, shown_differently = 0;
};

// False: nobody is there.
bool look_at(pci::Function function, Seen& seen) {
    if (read_pci(function, pci::offset::vendor, 2) == 0xffff) return false;
    ++seen.functions;
    if (window_differs(function)) ++seen.shown_differently;
    guard_message_table(function);
    return true;
}

Seen look_at_bus(std::uint8_t bus) {
    Seen seen;
    for (unsigned device = 0; device < devices_of_bus; ++device) {
        const pci::Function first{.bus = bus, .devfn = static_cast<std::uint8_t>(device << 3)};
        if (!look_at(first, seen)) continue;
        const unsigned functions = (read_pci(first, pci::offset::header_type, 1) & several_functions) != 0 ? 8 : 1;
        for (unsigned number = 1; number < functions; ++number)
            look_at({.bus = bus, .devfn = static_cast<std::uint8_t>(first.devfn + number)}, seen);
    }
    return seen;
}

}  // namespace

void look_at_pci() {
    for (unsigned bus = 0; bus < buses; ++bus) {
        const Seen seen = look_at_bus(static_cast<std::uint8_t>(bus));
        if (seen.functions == 0 || seen.shown_differently < seen.functions) continue;
        log(Level::warning, "PCI: bus {} and further ones are not in memory where the firmware says", bus);
        return end_windows_before(static_cast<std::uint8_t>(bus));
    }
}

}  // namespace basalt
