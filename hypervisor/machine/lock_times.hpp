// How long locks are held and waited for, by rank, once somebody asks: two readings of the TSC for each lock. Until then it
// costs each taking one look at a flag, and each dropping another.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/lock.hpp"

namespace basalt {

// Times are ticks of the TSC.
struct LockTimes {
    std::uint64_t taken = 0;
    std::uint64_t held = 0;
    std::uint64_t longest_hold = 0;
    std::uint64_t waits = 0;    // how often somebody else had it
    std::uint64_t waited = 0;
    std::uint64_t longest_wait = 0;
};

// One CPU's, which it alone changes.
class LockTally {
public:
    void wait() {
        if (waiting_since_ == 0) waiting_since_ = now();    // for the first of two that are taken together
    }
    void take(Rank rank);
    void drop(Rank rank);
    void add_to(LockTimes& sum, Rank rank) const;

private:
    struct OfRank {
        std::atomic<std::uint64_t> taken, held, longest_hold, waits, waited, longest_wait;
        std::uint64_t taken_at = 0;
    };
    static std::uint64_t now();
    OfRank& of(Rank rank) { return ranks_[static_cast<std::size_t>(rank)]; }

    std::uint64_t waiting_since_ = 0;
    std::array<OfRank, lock_ranks> ranks_{};
};

// From now on. True: they were measured before.
bool measure_locks();
// Of all CPUs together, since then.
LockTimes lock_times(Rank rank);

}  // namespace basalt
