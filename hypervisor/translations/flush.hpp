// Having other CPUs forget what they know of guests.
#pragma once

#include "core/cpu_mask.hpp"
#include "translations/flush_time.hpp"
#include "translations/tables_of.hpp"

namespace basalt {

// Those of them that may hold translations that these know, and of these those that have not flushed since `time`: a drop's.
CpuMask cpus_that_know(Knowers knowers, CpuMask among);
CpuMask cpus_behind(FlushTime time, Knowers knowers, CpuMask among);

// Asks these CPUs, and waits until all have done it. Answers their requests meanwhile, so any number of CPUs may do this at
// once, with locks held. CPUs that are offline have nothing to forget.
void flush_cpus(CpuMask cpus);

// Seams.
CpuMask online_cpus();
void flush_here();
void ask_to_flush(CpuId cpu);    // it will do so by and by: at once, or while it waits for something itself

}  // namespace basalt
