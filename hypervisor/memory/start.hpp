// From the firmware's memory map to an allocator, once, by the first CPU. Whoever starts the machine
//   1. asks plan_memory where the tables go,
//   2. maps plan.frame_table at layout::frame_table, plan.m2p at layout::m2p and, read-only, layout::guest_m2p,
//   3. calls start_memory.
#pragma once

#include <cstddef>
#include <span>

#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {

struct MemoryPlan {
    Mfn end{0};                  // one past the last RAM frame: what the tables cover
    FrameSpan frame_table;       // physical places, not yet initialised; multiples of 2 MiB, so that they may be
    FrameSpan m2p;               // mapped by large pages
    FrameSpan free_sets;
};

inline constexpr std::size_t most_spans = 128;

// `ram` is sorted and does not overlap; `taken` (image, modules, firmware tables, the first MiB, ...) is in any order.
// Whole frames only: whoever makes the spans rounds RAM inwards and taken outwards.
Result<MemoryPlan> plan_memory(std::span<const FrameSpan> ram, std::span<const FrameSpan> taken);

// Frames in `ram` and not in `taken` or the plan become free; in `ram` and `taken`, owned by the hypervisor.
void start_memory(const MemoryPlan& plan, MemoryViews views, std::span<const FrameSpan> ram,
                  std::span<const FrameSpan> taken);

// What start-up took (modules, start-up code) and needs no more.
void give_back(FrameSpan frames);

}  // namespace basalt
