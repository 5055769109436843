// The local APIC's timer: one deadline for each CPU. program_timer() (schedule/timers.hpp) sets it.
#pragma once

#include <cstdint>

namespace basalt {

// For the measurement: lets the counter run, interrupting nobody, and says how far it has come.
void start_local_timer_count();
std::uint64_t local_timer_count();

void set_timer_rates(std::uint64_t tsc_hz, std::uint64_t local_timer_hz);   // once
void start_local_timer();                                                   // on every CPU

}  // namespace basalt
