#include "devices/pci_window.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "devices/firmware.hpp"
#include "devices/pci_config.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

constexpr unsigned bus_shift = 20;     // of a physical address: a page for each of 256 functions
constexpr unsigned functions_shift = 8;

// Firmware may list more than the machine decodes: what is there is something else. Where each of its windows ends; written
// at start-up, before there is a Dom0.
constinit auto ends = [] {
    std::array<unsigned, acpi::most_windows> all;
    all.fill(256);
    return all;
}();

bool shows(std::size_t window, std::uint64_t bus) {
    const auto& space = firmware().configuration_spaces[window];
    return space.segment == 0 && bus >= space.first_bus && bus <= space.last_bus && bus < ends[window];
}

// Where each bus is mapped, once it has been written: few of them ever are.
constinit std::array<std::atomic<std::byte*>, 256> buses{};

Result<std::byte*> registers_of(std::uint8_t bus) {
    if (auto* const known = buses[bus].load(std::memory_order_acquire)) return known;
    const auto window = window_of(bus);
    if (!window) return refuse(Error::no_device);
    const auto begin = firmware().configuration_spaces[*window].address;
    auto* const mapped = TRY(map_device(begin + (std::uint64_t{bus} << bus_shift), std::size_t{1} << bus_shift));
    buses[bus].store(mapped, std::memory_order_release);
    return mapped;
}

}  // namespace

std::optional<std::size_t> window_of(std::uint8_t bus) {
    for (std::size_t window = 0; window < firmware().configuration_spaces.size(); ++window)
        if (shows(window, bus)) return window;
    return {};
}

// The address in the table is bus 0's, whether or not that is in the window.
std::optional<pci::Function> function_in_window(Mfn mfn) {
    for (std::size_t window = 0; window < firmware().configuration_spaces.size(); ++window) {
        const Mfn first = mfn_of(firmware().configuration_spaces[window].address);
        if (mfn < first) continue;
        const auto number = mfn - first;
        const auto bus = number >> functions_shift;
        if (shows(window, bus))
            return pci::Function{.bus = static_cast<std::uint8_t>(bus), .devfn = static_cast<std::uint8_t>(number)};
    }
    return {};
}

bool window_shows(pci::Function function) {
    const auto bus = registers_of(function.bus);
    if (!bus) return false;
    const auto numbers = *reinterpret_cast<const volatile std::uint32_t*>(*bus + (std::uint64_t{function.devfn} << page_shift));
    return numbers == read_pci(function, pci::offset::vendor, 4);
}

void end_window(std::size_t window, std::uint8_t bus) { ends[window] = bus; }

void write_window(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value) {
    const auto bus = registers_of(function.bus);
    if (!bus) return;
    std::byte* const at = *bus + (std::uint64_t{function.devfn} << page_shift) + offset;
    switch (width) {
        case 1: *reinterpret_cast<volatile std::uint8_t*>(at) = static_cast<std::uint8_t>(value); return;
        case 2: *reinterpret_cast<volatile std::uint16_t*>(at) = static_cast<std::uint16_t>(value); return;
        default: *reinterpret_cast<volatile std::uint32_t*>(at) = value; return;
    }
}

void write_window_for_dom0(pci::Function function, std::uint16_t offset, unsigned width, std::uint64_t value) {
    for (unsigned done = 0, part = 0; done < width; done += part) {
        const unsigned at = offset + done;
        part = std::min({std::bit_floor(width - done), at % 4 == 0 ? 4u : 1u << std::countr_zero(at), 4u});
        write_pci_for_dom0(function, static_cast<std::uint16_t>(at), part, static_cast<std::uint32_t>(value >> 8 * done));
    }
}

}  // namespace basalt
