// One message-signalled interrupt of a function: where its words are, and how they are written. The caller holds the
// routes' lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/result.hpp"
#include "formats/pci.hpp"
#include "formats/redirection.hpp"

namespace basalt {

struct MessageSlot {
    pci::Function function;
    std::uint8_t capability = 0;          // where it is in configuration space
    bool extended = false;                // MSI-X
    std::uint16_t entry = 0;              // which of the function's messages
    std::byte* table_entry = nullptr;     // MSI-X

    void write(const MsiMessage& message) const;
    void set_masked(bool masked) const;
};

// Where the function's MSI-X table lies in physical memory, by its base address register as it is now.
Result<std::uint64_t> message_table(pci::Function function, std::uint8_t capability);

}  // namespace basalt
