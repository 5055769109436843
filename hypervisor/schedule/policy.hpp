// The scheduler's numbers.
#pragma once

#include "abi/sysctl.hpp"
#include "schedule/time.hpp"
#include "schedule/unit.hpp"

namespace basalt::policy {

// A unit runs until it is this far ahead of the next in virtual time: two equal units take turns of twice this.
inline constexpr Nanoseconds granularity = microseconds(2500);
// Bounds of a turn, as long as the unit has work. The lower one limits how often wake-ups can interrupt.
inline constexpr Nanoseconds shortest_turn = milliseconds(1);   // unless tools say otherwise, within these bounds or 0
inline constexpr Nanoseconds least_shortest_turn = microseconds(XEN_SYSCTL_SCHED_RATELIMIT_MIN);
inline constexpr Nanoseconds most_shortest_turn = microseconds(XEN_SYSCTL_SCHED_RATELIMIT_MAX);
inline constexpr Nanoseconds longest_turn = milliseconds(10);
// How far behind a unit has to be before a busy CPU takes it from another: below this, moving costs more than it mends.
inline constexpr Nanoseconds worth_moving = milliseconds(5);
// What a unit that slept, or that moved, may be behind at most: it is owed no more.
inline constexpr Nanoseconds longest_credit = milliseconds(12);
// A cap is kept over each such period.
inline constexpr Nanoseconds cap_period = milliseconds(10);

constexpr std::uint64_t virtual_of(Nanoseconds run, std::uint32_t weight) { return run * default_weight / weight; }
constexpr Nanoseconds real_of(std::uint64_t virtual_time, std::uint32_t weight) {
    return virtual_time * weight / default_weight;
}

}  // namespace basalt::policy
