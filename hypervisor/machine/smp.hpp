// The other CPUs.
#pragma once

#include <cstdint>
#include <span>

#include "core/number.hpp"

namespace basalt {

// Starts the CPUs with these APIC ids, one after the other; the running one among them is passed over. Each gets the
// next CpuId, runs cpu_started() (seam, boot/) and ends in enter_guests(). Says how many run.
std::size_t start_cpus(std::span<const std::uint32_t> apic_ids);

// Seam: what a CPU does, on its own stack with its own tables loaded, before it enters guests.
void cpu_started();

// Every other CPU halts for good, wherever it is: before a reset, or in a panic.
void stop_other_cpus();

}  // namespace basalt
