// Forgetting translations. One clock counts flushes; each CPU remembers when it last flushed. A frame stamped with the
// clock when its last mapping went may be reused as soon as every CPU that could know it has flushed since.
#pragma once

#include <cstdint>

#include "core/number.hpp"
#include "machine/cpu_mask.hpp"

namespace basalt {

using FlushTime = std::uint64_t;

// The stamp for a frame whose last mapping has just been taken out of the tables.
FlushTime flush_time();

// The clock moves on, so that CPUs which load CR3 from now on need no asking: after a batch of mappings has gone.
void advance_flush_time();

// Those of `cpus` that have not flushed since the stamp.
CpuMask not_flushed_since(CpuMask cpus, FlushTime stamp);

// This CPU, guests' translations: what loading CR3 does. switch_root loads another root, and so flushes.
void flush_here();
void flush_page_here(std::uint64_t address);
void switch_root(Mfn root);

// Everything, global translations too: after Basalt's own mappings have changed.
void flush_globals_here();
void flush_globals_everywhere();

// Asks other CPUs, and waits until all have done it. Answers their requests meanwhile, so any number of CPUs may do
// this at once, with locks held. CPUs that are offline have nothing to forget.
void flush_cpus(CpuMask cpus);
void flush_page_on(CpuMask cpus, std::uint64_t address);
inline void flush_stale(CpuMask cpus, FlushTime stamp) { flush_cpus(not_flushed_since(cpus, stamp)); }

// Answers a request if there is one: called from the flush interrupt, and from while_waiting().
void answer_flush_requests();

}  // namespace basalt
