// Which PCI functions the machine starts with: Dom0 announces them later, or never, and may have mapped them by then.
#include <array>

#include "debug/log.hpp"
#include "devices/pci_config.hpp"
#include "devices/pci_guard.hpp"
#include "devices/pci_window.hpp"
#include "devices/start.hpp"
#include "formats/acpi.hpp"
#include "formats/window_end.hpp"

namespace basalt {
namespace {

constexpr unsigned buses = 256, devices_of_bus = 32;
constexpr std::uint32_t several_functions = 0x80;     // in the header type

struct Seen {
    unsigned functions = 0, shown = 0;       // shown: in a window, as the ports tell them
    unsigned unguarded = 0;      // whose MSI-X tables there is no room to remember
};

// False: nobody is there.
bool look_at(pci::Function function, Seen& seen) {
    if (read_pci(function, pci::offset::vendor, 2) == 0xffff) return false;
    ++seen.functions;
    if (window_of(function.bus) && window_shows(function)) ++seen.shown;
    if (!guard_message_table(function)) ++seen.unguarded;
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
    std::array<pci::WindowEnd, acpi::most_windows> ends;
    unsigned unguarded = 0;
    for (unsigned number = 0; number < buses; ++number) {
        const auto bus = static_cast<std::uint8_t>(number);
        const Seen seen = look_at_bus(bus);
        if (const auto window = window_of(bus)) ends[*window].look_at(bus, seen.functions, seen.shown);
        unguarded += seen.unguarded;
    }
    if (unguarded != 0)
        log(Level::warning, "PCI: {} functions with MSI-X more than Basalt has room for: Dom0 can write their tables",
            unguarded);
    for (std::size_t window = 0; window < acpi::most_windows; ++window) {
        const auto bus = ends[window].bus();
        if (!bus) continue;
        log(Level::warning, "PCI: bus {} and further ones are not in memory where the firmware says", *bus);
        end_window(window, *bus);
    }
}

}  // namespace basalt
