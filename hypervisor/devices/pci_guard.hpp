// Dom0's writes to configuration space, looked at before they happen: what Basalt has programmed stays as it is.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "formats/pci.hpp"

namespace basalt {

// The value to write instead, or nothing if the write is to be dropped.
std::optional<std::uint32_t> guarded_write(pci::Function function, std::uint16_t offset, unsigned width,
                                           std::uint32_t value);

// A base address may have moved, and an MSI-X table with it.
void after_dom0_write(pci::Function function, std::uint16_t offset);

// Whether the frame holds an MSI-X table.
bool is_message_table(Mfn mfn);

}  // namespace basalt
