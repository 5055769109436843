// System time: one line for the machine, system = base + scale(TSC - origin). Wall-clock time: a number of seconds that
// system time is added to. system_time() and program_timer() (schedule/) are here too.
#pragma once

#include <cstdint>

#include "formats/clock_scale.hpp"
#include "schedule/time.hpp"

namespace basalt {

// As published in every vcpu's vcpu_time_info.
struct TimeLine {
    std::uint64_t tsc_origin = 0;
    std::uint64_t system_base = 0;      // ns
    ClockScale scale;
};
const TimeLine& time_line();
bool clock_is_stable();                 // XEN_PVCLOCK_TSC_STABLE_BIT may be set
std::uint64_t tsc_hz();

Instant system_time_at(std::uint64_t tsc);

// Spins. For devices' own waits at start-up; works before start_time() too.
void wait_microseconds(std::uint64_t count);

// Wall-clock time at system time 0.
struct WallClock {
    std::uint64_t seconds = 0;
    std::uint32_t nanoseconds = 0;
};
WallClock wall_clock();
void set_wall_clock(std::uint64_t seconds, std::uint32_t nanoseconds, Instant at);

// Seam of domain/: shared_info pages want the new wall clock.
void wall_clock_changed();

}  // namespace basalt
