// PCI configuration space of segment 0: through ports 0xcf8 and 0xcfc, and by the window in memory what they do not reach.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "formats/pci.hpp"

namespace basalt {

// `width` is 1, 2 or 4 bytes; the access lies within an aligned word of 4.
std::uint32_t read_pci(pci::Function function, std::uint16_t offset, unsigned width);
void write_pci(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value);

// Where the capability is, if the function is there and has it.
std::optional<std::uint8_t> find_capability(pci::Function function, pci::Capability wanted);

// Dom0's own accesses. `address` is what it last wrote to 0xcf8, kept with its vcpu; `port` is 0xcfc to 0xcff.
// Writes to interrupt capabilities that Basalt has programmed are dropped, as on Xen.
std::uint32_t read_pci_for_dom0(std::uint32_t address, std::uint16_t port, unsigned width);
void write_pci_for_dom0(std::uint32_t address, std::uint16_t port, unsigned width, std::uint32_t value);
void write_pci_for_dom0(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value);

}  // namespace basalt
