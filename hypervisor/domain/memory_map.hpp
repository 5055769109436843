// The memory map that a domain's builder leaves for its kernel: memory_op.set_memory_map, .memory_map.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace basalt {

// One entry as the BIOS lists it (ACPI 6.4, table 15.2, without the extended attributes), which the ABI names but does
// not declare.
struct [[gnu::packed]] MapEntry {
    std::uint64_t start;
    std::uint64_t size;
    std::uint32_t kind;
};
static_assert(sizeof(MapEntry) == 20);

struct GuestMemoryMap {
    static constexpr std::size_t most = 128;
    std::array<MapEntry, most> entries{};
    std::size_t count = 0;                     // 0: none was set
};

}  // namespace basalt
