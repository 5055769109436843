// System time: nanoseconds since Basalt started, one line for the whole machine.
#pragma once

#include "core/number.hpp"

namespace basalt {

using Instant = Number<struct SystemTime>;
using Nanoseconds = std::uint64_t;

inline constexpr Instant never{~std::uint64_t{0}};

constexpr Nanoseconds microseconds(std::uint64_t count) { return count * 1000; }
constexpr Nanoseconds milliseconds(std::uint64_t count) { return count * 1000 * 1000; }

// Far deadlines saturate: `never` is not passed by adding to it.
constexpr Instant later(Instant from, Nanoseconds by) { return by < never - from ? from + by : never; }

// Seam: the machine reads its clock, host tests turn theirs.
Instant system_time();

}  // namespace basalt
