// From the firmware's memory map to an allocator, once, by the first CPU. Whoever starts the machine has
// mapped the frame table (zeroed, without gaps below `views.end`) and the M2P (filled with m2p_invalid, gaps
// where there is no RAM).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {

// Dom0 may look into it as firmware left it, and other CPUs start in it.
inline constexpr FrameSpan first_mib{Mfn(0), Mfn(256)};

// How many words the sets of free blocks need to cover frames below `end`. Zeroed, they are for start_memory
// to keep.
std::size_t free_set_words(Mfn end);

// Both lists are sorted and do not overlap themselves. Frames of `ram` become free, or owned by the
// hypervisor where `taken` (image, modules, tables, the first MiB, ...) names them. RAM is rounded inwards
// and taken outwards by the caller.
void start_memory(const MemoryViews& views, std::span<std::uint64_t> free_sets, std::span<const FrameSpan> ram,
                  std::span<const FrameSpan> taken);

// Where the nodes of memory lie, by their number: the firmware's tables are read when there is memory already.
void divide_memory(std::span<const FrameSpan> nodes);

// What start-up took (modules, start-up code) and needs no more.
void give_back(FrameSpan frames);

}    // namespace basalt
