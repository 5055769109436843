// What the scheduler keeps of each vcpu (SchedulingUnit) and of each domain (SchedulingGroup). Both are embedded.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/cpu_mask.hpp"
#include "schedule/runstate.hpp"
#include "schedule/time.hpp"

namespace basalt {

inline constexpr std::uint32_t default_weight = 256;
inline constexpr std::uint32_t most_weight = 65535;

// Why none of a group's units may run. Each reason is there or is not: giving it twice is giving it once, and taking back
// what is not there changes nothing.
enum class GroupHold : std::uint32_t {
    paused = 1 << 0,     // by tools
    looked_at = 1 << 1,  // somebody reads or sets the state of its units
    shut_down = 1 << 2,  // the run has ended, see RunEnd
    dying = 1 << 3,      // for good
};

// Shared by a domain's vcpus: each has the group's weight; together they have its cap.
class SchedulingGroup {
public:
    // True: the reason was not there before. Whoever changes a reason then has the scheduler settle all units.
    bool hold(GroupHold reason) { return (holds_.fetch_or(raw(reason)) & raw(reason)) == 0; }
    // True: it was there.
    bool release(GroupHold reason) { return (holds_.fetch_and(~raw(reason)) & raw(reason)) != 0; }
    bool held(GroupHold reason) const { return (holds_.load(std::memory_order_acquire) & raw(reason)) != 0; }
    bool may_run() const { return holds_.load(std::memory_order_acquire) == 0; }

    std::uint32_t weight() const { return weight_.load(std::memory_order_relaxed); }
    std::uint32_t cap() const { return cap_.load(std::memory_order_relaxed); }   // per cent of one CPU, 0: none

private:
    friend class Scheduler;
    friend struct CapBudget;
    static constexpr std::uint32_t raw(GroupHold reason) { return static_cast<std::uint32_t>(reason); }

    std::atomic<std::uint32_t> holds_{0};
    std::atomic<std::uint32_t> weight_{default_weight};
    std::atomic<std::uint32_t> cap_{0};
    std::atomic<std::int64_t> budget_{0};              // nanoseconds left of this period; overdrafts are carried over
    std::atomic<std::uint64_t> period_end_{0};
};

// Why a unit may not run. It may when no reason is left, of its own or of its group.
enum class Hold : std::uint32_t {
    blocked = 1 << 0,   // waits for an event
    down = 1 << 1,      // never started, or taken down (VCPUOP_down)
};

class SchedulingUnit {
public:
    // A unit is born down. `group` is its domain's.
    explicit SchedulingUnit(SchedulingGroup& group) : group_(group) {}
    SchedulingUnit(const SchedulingUnit&) = delete;
    SchedulingUnit& operator=(const SchedulingUnit&) = delete;

    SchedulingGroup& group() const { return group_; }
    CpuId cpu() const { return CpuId(cpu_.load(std::memory_order_acquire)); }   // where it runs, or ran last
    bool held(Hold reason) const { return (holds_.load(std::memory_order_relaxed) & raw(reason)) != 0; }
    bool is_up() const { return !held(Hold::down); }
    bool blocked() const { return held(Hold::blocked); }
    bool runnable() const { return holds_.load(std::memory_order_acquire) == 0 && group_.may_run(); }
    bool on_cpu() const { return on_cpu_.load(std::memory_order_acquire); }   // its state is (also) in a CPU

    CpuMask affinity() const { return {affinity_.load(std::memory_order_relaxed)}; }     // hard
    CpuMask preferred() const { return {preferred_.load(std::memory_order_relaxed)}; }   // soft: a hint
    bool pinned() const { return pin_.load(std::memory_order_relaxed) != 0; }
    CpuMask allowed() const {
        const auto pin = pin_.load(std::memory_order_relaxed);
        return pin != 0 ? CpuMask{pin} : affinity();
    }

private:
    friend class Scheduler;
    friend class Waiting;
    friend struct RunQueue;
    static constexpr std::uint32_t raw(Hold reason) { return static_cast<std::uint32_t>(reason); }

    SchedulingGroup& group_;
    std::atomic<std::uint32_t> holds_{raw(Hold::down)};
    std::atomic<std::uint32_t> cpu_{0};       // the lock of whose queue guards what is below
    std::atomic<bool> on_cpu_{false};
    bool queued_ = false;
    bool parked_ = false;                     // queued, but the group has spent its cap
    bool movable_ = false;                    // counted as such by the queue it waits in
    bool yielded_ = false;
    std::uint64_t virtual_time_ = 0;          // time run, divided by weight (default_weight: nanoseconds); wraps
    Instant charged_until_{};
    Instant started_{};                       // this stay on the CPU
    SchedulingUnit* before_ = nullptr;
    SchedulingUnit* after_ = nullptr;
    std::atomic<std::uint64_t> affinity_{~std::uint64_t{0}};
    std::atomic<std::uint64_t> preferred_{~std::uint64_t{0}};
    std::atomic<std::uint64_t> pin_{0};       // SCHEDOP_pin_override; 0: none
    Runstate runstate_;
};

}  // namespace basalt
