// The other CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "core/number.hpp"
#include "machine/memory_map.hpp"

namespace basalt {

// Starts the CPUs with these APIC ids, one after the other, at most `most` in all; the running one is passed over. Each
// gets the next CpuId, runs cpu_started() and ends in enter_guests(). Says how many run now.
std::size_t start_cpus(std::span<const std::uint32_t> apic_ids, std::size_t most, MemoryMap memory);

// Seam of boot/: what a CPU does, on its own stack with its own tables loaded, before it enters guests.
void cpu_started();

// Every other CPU halts for good, wherever it is: before a reset, or in a panic.
void stop_other_cpus();

// In an NMI: does not return if this CPU is one of those to stop.
void stop_if_told();

}  // namespace basalt
