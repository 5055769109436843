// What a capped group may still run in this period. Lock-free: its units run on several CPUs.
#pragma once

#include "schedule/unit.hpp"

namespace basalt {

struct CapBudget {
    SchedulingGroup& group;

    // What is left; the first to ask after the end of a period begins the next one. A group without cap has no end.
    std::int64_t left(Instant at) const;
    void spend(Nanoseconds run) const;
    Instant period_end() const { return Instant(group.period_end_.load(std::memory_order_relaxed)); }
};

}  // namespace basalt
