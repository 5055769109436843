// How long Basalt's locks are held, and waited for.
#include <array>
#include <string_view>

#include "devices/clock.hpp"
#include "keys/tell.hpp"
#include "machine/lock_times.hpp"

namespace basalt {
namespace {

// In the order of Rank.
constexpr auto names = std::to_array<std::string_view>({
    "domain control",
    "vcpu setup",
    "domain list",
    "run end",
    "domain settings",
    "grant tables",
    "event channels",
    "event ports",
    "event queues",
    "interrupt routes",
    "scheduler",
    "timers",
    "machine",
    "own tables",
    "frame lists",
    "frames",
    "log",
});
static_assert(names.size() == lock_ranks);

std::uint64_t nanoseconds(std::uint64_t ticks) { return time_line().scale.apply(ticks); }

void tell_lock(Rank rank) {
    const LockTimes times = lock_times(rank);
    if (times.taken == 0) return;
    tell("  {}: taken {} times, held {} ns, at most {} ns; waited for {} times, {} ns, at most {} ns",
         names[static_cast<std::size_t>(rank)], times.taken, nanoseconds(times.held) / times.taken,
         nanoseconds(times.longest_hold), times.waits, times.waits == 0 ? 0 : nanoseconds(times.waited) / times.waits,
         nanoseconds(times.longest_wait));
}

}  // namespace

void tell_locks() {
    if (!measure_locks()) return tell("  locks are measured from now on");
    for (std::size_t rank = 0; rank < lock_ranks; ++rank) tell_lock(static_cast<Rank>(rank));
}

}  // namespace basalt
