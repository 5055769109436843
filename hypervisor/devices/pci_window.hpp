// The windows of memory in which the firmware shows configuration space of segment 0, a page for each function (PCI
// Firmware Specification 3.0, 4.1.2). Dom0 reads them as they are; what it writes is looked at as by the ports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "formats/pci.hpp"

namespace basalt {

std::optional<pci::Function> function_in_window(Mfn mfn);

// Which of the firmware's windows is said to show the bus.
std::optional<std::size_t> window_of(std::uint8_t bus);
// Of a bus that is in one: whether it shows what the ports do.
bool window_shows(pci::Function function);
// At start-up: this bus, and those behind it, are not in the window.
void end_window(std::size_t window, std::uint8_t bus);

// Registers that the ports do not reach. `width` is 1, 2 or 4 bytes, the offset a multiple of it.
void write_window(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value);

// Dom0's own store of 1 to 8 bytes.
void write_window_for_dom0(pci::Function function, std::uint16_t offset, unsigned width, std::uint64_t value);

}  // namespace basalt
