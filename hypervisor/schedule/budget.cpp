#include "schedule/budget.hpp"

#include <algorithm>
#include <limits>

#include "schedule/policy.hpp"

namespace basalt {

std::int64_t CapBudget::left(Instant at) const {
    const auto cap = group.cap();
    if (cap == 0) return std::numeric_limits<std::int64_t>::max();
    auto end = group.period_end_.load(std::memory_order_relaxed);
    if (at.raw >= end) {
        const auto periods = (at.raw - end) / policy::cap_period + 1;
        if (group.period_end_.compare_exchange_strong(end, end + periods * policy::cap_period)) {
            const auto quota = static_cast<std::int64_t>(policy::cap_period * cap / 100);
            // An overdraft is paid back period by period; what was not used is not saved up.
            const auto owed_periods = static_cast<std::int64_t>(std::min<std::uint64_t>(periods, 1000));
            auto have = group.budget_.load(std::memory_order_relaxed);
            while (!group.budget_.compare_exchange_weak(have, std::min(have + owed_periods * quota, quota))) {}
        }
    }
    return group.budget_.load(std::memory_order_relaxed);
}

void CapBudget::spend(Nanoseconds run) const {
    if (group.cap() != 0) group.budget_.fetch_sub(static_cast<std::int64_t>(run), std::memory_order_relaxed);
}

}  // namespace basalt
