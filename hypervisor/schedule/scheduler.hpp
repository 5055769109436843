// Who runs next. Proportional share: every unit has a virtual time that runs at 1/weight while the unit runs, and of
// those that wait the least goes next. README.md explains how CPUs keep to one virtual time.
#pragma once

#include <atomic>
#include <optional>

#include "abi/vcpu.hpp"
#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "core/result.hpp"
#include "schedule/policy.hpp"
#include "schedule/run_queue.hpp"
#include "schedule/unit.hpp"

namespace basalt {

// Seam: `cpu` has to call `pick` soon. Called with a queue's lock held; `cpu` may be this one.
void kick(CpuId cpu);

struct Choice {
    SchedulingUnit* unit;   // null: idle
    Instant until;          // pick again then; never: only when kicked
};

// How a unit stands with a CPU.
enum class Standing : std::uint8_t { running, waiting, parked };

struct GroupParameters {
    std::uint32_t weight = default_weight;
    std::uint32_t cap = 0;
};

class Scheduler {
public:
    // A CPU takes part from now on, and until it is taken offline; its waiting units then go to the others.
    void bring_online(CpuId cpu);
    void take_offline(CpuId cpu);

    // A unit becomes known, on a CPU that its affinity allows; it is still down.
    void add(SchedulingUnit& unit);
    // Held and not on a CPU; after this its memory may go.
    void remove(SchedulingUnit& unit);

    // A reason not to run. If the unit is running that CPU is kicked; on_cpu() tells when it has stopped.
    void hold(SchedulingUnit& unit, Hold reason);
    // A reason less. True if the reason was there. When it was the last, the unit waits for a CPU.
    bool release(SchedulingUnit& unit, Hold reason);

    // Makes the queues agree with what the unit may do: after a change of its group's reasons. Once more does no harm, so
    // racing callers all do.
    void settle(SchedulingUnit& unit);

    // The unit that runs here waits for an event. Raced by wake: block, look for events, and wake if there are any.
    void block_here(SchedulingUnit& unit);
    bool wake(SchedulingUnit& unit) { return unit.blocked() && release(unit, Hold::blocked); }

    // The unit that runs here lets the next one go first, once.
    void yield(SchedulingUnit& unit);

    // On `cpu` itself: charges what ran, and says who runs now. Where that is another, the caller saves the state of
    // the unit before and then calls `saved`; only then may another CPU run it.
    Choice pick(CpuId cpu);
    void saved(SchedulingUnit& unit);
    SchedulingUnit* current(CpuId cpu) { return queues_.of(cpu).current; }

    // out_of_range: a weight is 1 to most_weight.
    Result<> set_parameters(SchedulingGroup& group, GroupParameters parameters);
    // How long a unit runs at least before one that is owed more takes its place. invalid: not what ABI and policy allow.
    Result<> set_shortest_turn(Nanoseconds turn);
    Nanoseconds shortest_turn() const { return shortest_turn_.load(std::memory_order_relaxed); }
    // invalid: no CPU that is online is left in `hard`.
    Result<> set_affinity(SchedulingUnit& unit, CpuMask hard, CpuMask preferred);
    // Only there until unpinned. busy: it is pinned already.
    Result<> pin(SchedulingUnit& unit, CpuId cpu);
    void unpin(SchedulingUnit& unit);

    vcpu_runstate_info runstate(SchedulingUnit& unit);              // see Runstate::at
    vcpu_runstate_info runstate_as_entered(SchedulingUnit& unit);   // see Runstate::as_entered

    Nanoseconds idle_time(CpuId cpu);   // since it came online
    // For reports: `action(unit, standing, lead)` for each unit of the CPU, under its lock; `lead` is how far it is ahead
    // of the least.
    template <typename Action>
    void look_at(CpuId cpu, Action&& action);

    CpuMask online() const { return {online_.load(std::memory_order_relaxed)}; }
    CpuMask idle() const { return {idle_.load(std::memory_order_relaxed)}; }

private:
    template <typename Action>
    auto with_queue_of(SchedulingUnit& unit, Action&& action);
    auto& queue(CpuId cpu) { return queues_.of(cpu).queue; }

    CpuMask usable(const SchedulingUnit& unit) const;
    CpuId place_for(const SchedulingUnit& unit) const;
    void settle_here(CpuId cpu, RunQueue& queue, SchedulingUnit& unit, bool on_cpu);
    void enqueue(CpuId cpu, RunQueue& queue, SchedulingUnit& unit);
    void dequeue(CpuId cpu, RunQueue& queue, SchedulingUnit& unit);
    void count_in(RunQueue& queue, SchedulingUnit& unit);
    void publish(CpuId cpu, RunQueue& queue);
    void call_for(CpuId cpu, RunQueue& queue, const SchedulingUnit& unit);
    void rehome(SchedulingUnit& unit);

    Choice pick_here(CpuId cpu, RunQueue& queue, Instant at);
    bool goes_on(const SchedulingUnit& unit, const SchedulingUnit& next, Instant at) const;
    void stop_running(CpuId cpu, RunQueue& queue, SchedulingUnit& unit, bool runnable, Instant at);
    void start_running(CpuId cpu, RunQueue& queue, SchedulingUnit& unit, Instant at);
    SchedulingUnit* first_with_budget(CpuId cpu, RunQueue& queue, Instant at);
    static void park(RunQueue& queue, SchedulingUnit& unit);
    void unpark(CpuId cpu, RunQueue& queue, Instant at);
    static Instant next_unpark(const RunQueue& queue);
    Instant end_of_turn(CpuId cpu, const RunQueue& queue, const SchedulingUnit& unit, Instant at) const;
    void mark(std::atomic<std::uint64_t>& set, CpuId cpu, bool member);

    CpuMask surplus_of_others(CpuId cpu) const;
    bool pull(CpuId cpu, Instant at);
    bool pull_from(CpuId from, CpuId to, std::optional<std::uint64_t> least);

    PerCpu<CpuQueue> queues_;
    std::atomic<std::uint64_t> online_{0};
    std::atomic<std::uint64_t> idle_{0};      // CPUs with nothing to run
    std::atomic<std::uint64_t> surplus_{0};   // CPUs where a unit waits that another CPU could run
    std::atomic<std::uint64_t> untimed_{0};   // CPUs that run a unit whose turn has no end
    std::atomic<Nanoseconds> shortest_turn_{policy::shortest_turn};
};

template <typename Action>
void Scheduler::look_at(CpuId cpu, Action&& action) {
    queue(cpu).with([&](RunQueue& queue) {
        const auto show = [&](SchedulingUnit& unit, Standing standing) {
            action(unit, standing, ahead(unit.virtual_time_, queue.virtual_time));
        };
        if (queue.running) show(*queue.running, Standing::running);
        for (auto* unit = queue.waiting.first(); unit; unit = Waiting::after(*unit)) show(*unit, Standing::waiting);
        for (auto* unit = queue.parked.first(); unit; unit = Waiting::after(*unit)) show(*unit, Standing::parked);
    });
}

template <typename Action>
auto Scheduler::with_queue_of(SchedulingUnit& unit, Action&& action) {
    for (;;) {
        const auto cpu = unit.cpu();
        auto answer = queue(cpu).with(
            [&](RunQueue& queue) { return unit.cpu() == cpu ? std::optional(action(cpu, queue)) : std::nullopt; });
        if (answer) return *answer;   // else it has moved meanwhile
    }
}

}  // namespace basalt
