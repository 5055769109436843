// The machine as the pure rooms see it on the host. A thread of a test is a CPU; it says which.
#pragma once

#include <atomic>

#include "core/number.hpp"

namespace basalt::fakes {

inline thread_local CpuId cpu{0};
inline std::atomic<std::uint64_t> clock{0};   // nanoseconds; tests turn it

}  // namespace basalt::fakes
