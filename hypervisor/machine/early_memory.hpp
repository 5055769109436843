// Memory for Basalt's own tables before memory/ runs: from the top of what is usable, downward.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/result.hpp"
#include "core/number.hpp"
#include "machine/memory_map.hpp"

namespace basalt {

// `limit`: what the page tables in use can reach.
void start_early_memory(MemoryMap memory, std::uint64_t limit);
void raise_early_limit(std::uint64_t limit);

// Not to be taken: image, modules, the first MiB.
void keep_memory(PhysicalRange range);

// Zeroed; alignment a power of two, in bytes.
std::uint64_t take_early_memory(std::size_t size, std::size_t alignment);
Result<Mfn> early_frame();

std::span<const PhysicalRange> memory_in_use();

}  // namespace basalt
