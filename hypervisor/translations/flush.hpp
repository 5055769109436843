// Having other CPUs forget what they know of guests.
#pragma once

#include "core/cpu_mask.hpp"
#include "translations/flush_time.hpp"

namespace basalt {

// Asks these CPUs, and waits until all have done it. Answers their requests meanwhile, so any number of CPUs may do this at
// once, with locks held. CPUs that are offline, or walk no guest's tables, have nothing to forget.
void flush_cpus(CpuMask cpus);

// Those that have not flushed since `time`: a drop's.
void flush_cpus_behind(FlushTime time);

// Seams.
CpuMask online_cpus();
void flush_here();
void ask_to_flush(CpuId cpu);    // it will do so by and by: at once, or while it waits for something itself

}  // namespace basalt
