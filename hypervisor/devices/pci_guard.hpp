// Dom0's writes to configuration space, looked at before they happen: what Basalt has programmed stays as it is.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "devices/routes.hpp"
#include "formats/pci.hpp"

namespace basalt {

// The value to write instead, or nothing if the write is to be dropped.
std::optional<std::uint32_t> allowed_write(Routes& all, pci::Function function, std::uint16_t offset, unsigned width,
                                           std::uint32_t value);
// A base address may have moved, and an MSI-X table with it.
void look_again(Routes& all, pci::Function function, std::uint16_t offset);

// `write(value)` if it may be. Nothing is programmed between the look and the write.
template <typename Write>
void guarded_write(pci::Function function, std::uint16_t offset, unsigned width, std::uint32_t value, Write&& write) {
    routes().with([&](Routes& all) {
        const auto allowed = allowed_write(all, function, offset, width, value);
        if (!allowed) return;
        write(*allowed);
        look_again(all, function, offset);
    });
}

// The function's MSI-X table, if it has one, is guarded from now on. False: there is no room for so many functions.
bool guard_message_table(pci::Function function);

// Whether the frame holds an MSI-X table.
bool is_message_table(Mfn mfn);

}  // namespace basalt
