// The units that wait for one CPU, least virtual time first, and what other CPUs may read of it without the lock.
#pragma once

#include <atomic>

#include "core/lock.hpp"
#include "schedule/unit.hpp"

namespace basalt {

// Virtual times wrap: only their differences mean anything. Positive: `one` has had more than `other`.
constexpr std::int64_t ahead(std::uint64_t one, std::uint64_t other) { return static_cast<std::int64_t>(one - other); }

// An intrusive list. Units that come are mostly late ones, so a place is looked for from the end.
class Waiting {
public:
    bool empty() const { return first_ == nullptr; }
    SchedulingUnit* first() const { return first_; }
    static SchedulingUnit* after(const SchedulingUnit& unit) { return unit.after_; }
    void add(SchedulingUnit& unit);
    void take(SchedulingUnit& unit);

private:
    SchedulingUnit* first_ = nullptr;
    SchedulingUnit* last_ = nullptr;
};

struct RunQueue {
    SchedulingUnit* running = nullptr;
    Waiting waiting;
    Waiting parked;                       // their groups have spent their caps
    std::uint64_t virtual_time = 0;       // that of the least unit, or where it last was; never goes back
    std::uint32_t movable = 0;            // of those waiting, how many another CPU could run
    bool surplus = false;                 // as the scheduler has published it
    Nanoseconds idle_before = 0;          // up to idle_since, or until it last had work
    Instant idle_since = never;           // never: it has work

    // Charges the running unit for what it has run.
    void charge(Instant at);
    // It begins, or ceases, to be without work.
    void note_idle(bool idle, Instant at);
    Nanoseconds idle_time(Instant at) const { return idle_before + (at > idle_since ? at - idle_since : 0); }
    // Virtual time follows the least of the running unit and those that wait.
    void advance();
    // The least virtual time that a unit coming here may bring along.
    std::uint64_t earliest() const;
};

struct CpuQueue {
    Guarded<RunQueue, Rank::scheduler> queue;
    SchedulingUnit* current = nullptr;                 // only its own CPU looks
    std::atomic<std::uint64_t> published_time{0};      // while it has a surplus: virtual time of the first that waits
};

}  // namespace basalt
