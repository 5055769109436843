// Who runs next. Proportional share: every unit has a virtual time that runs at 1/weight while the unit runs, and of
// those that wait the least goes next. README.md explains how CPUs keep to one virtual time.
#pragma once

#include <atomic>

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "core/result.hpp"
#include "schedule/run_queue.hpp"
#include "schedule/unit.hpp"

namespace basalt {

// Seam: `cpu` has to call `pick` soon. Called with the queue's lock held.
void kick(CpuId cpu);

struct Choice {
    SchedulingUnit* unit;   // null: idle
    Instant until;          // pick again then; never: only when kicked
};

struct GroupParameters {
    std::uint32_t weight = default_weight;
    std::uint32_t cap = 0;
};

class Scheduler {
public:
    // A CPU that takes part; until then nothing is put there. One that leaves gives its waiting units to the others.
    void bring_online(CpuId cpu);
    void take_offline(CpuId cpu);

    // A unit becomes known, on some CPU that its affinity allows; it is still down.
    void add(SchedulingUnit& unit);
    // Held and not on a CPU; after this its memory may go.
    void remove(SchedulingUnit& unit);

    // A reason not to run. If it is running elsewhere that CPU is kicked; on_cpu() tells when it has stopped.
    void hold(SchedulingUnit& unit, Hold reason);
    // A reason less. True if the reason was there. When it was the last, the unit waits for a CPU.
    bool release(SchedulingUnit& unit, Hold reason);

    // The usual reasons by name. Blocking is raced by waking: block, look for events, and wake if there are any.
    void block(SchedulingUnit& unit) { hold(unit, Hold::blocked); }
    bool wake(SchedulingUnit& unit) { return unit.blocked() && release(unit, Hold::blocked); }
    void pause(SchedulingUnit& unit) { hold(unit, Hold::paused); }
    void unpause(SchedulingUnit& unit) { release(unit, Hold::paused); }

    // The running unit lets the next one go first, once.
    void yield(SchedulingUnit& unit);

    // On `cpu` itself: charges what ran, and says who runs now. Where that is another, the caller saves the state of
    // the unit before and then calls `saved`; only then may another CPU run it.
    Choice pick(CpuId cpu);
    void saved(SchedulingUnit& unit);
    SchedulingUnit* current(CpuId cpu) { return queues_.of(cpu).current; }

    Result<> set_parameters(SchedulingGroup& group, GroupParameters parameters);
    // invalid: no CPU that is online is left in `hard`.
    Result<> set_affinity(SchedulingUnit& unit, CpuMask hard, CpuMask preferred);

    vcpu_runstate_info runstate(SchedulingUnit& unit);

    CpuMask online() const { return {online_.load(std::memory_order_relaxed)}; }
    CpuMask idle() const { return {idle_.load(std::memory_order_relaxed)}; }

private:
    PerCpu<CpuQueue> queues_;
    std::atomic<std::uint64_t> online_{0};
    std::atomic<std::uint64_t> idle_{0};      // CPUs with nothing to run
    std::atomic<std::uint64_t> surplus_{0};   // CPUs where a unit waits that another CPU could run
    std::atomic<std::uint64_t> untimed_{0};   // CPUs that run a unit with no end of slice
};

}  // namespace basalt
