// One CPU's choice.
#include <algorithm>

#include "schedule/budget.hpp"
#include "schedule/policy.hpp"
#include "schedule/scheduler.hpp"

namespace basalt {

Choice Scheduler::pick(CpuId cpu) {
    const auto at = system_time();
    if (!surplus_of_others(cpu).empty()) pull(cpu, at);
    auto& here = queues_.of(cpu);
    auto choice = here.queue.with([&](RunQueue& queue) { return pick_here(cpu, queue, at); });
    // Idle was announced before this look, and a surplus is announced before idle CPUs are looked for: no unit is missed.
    if (!choice.unit && !surplus_of_others(cpu).empty() && pull(cpu, at))
        choice = here.queue.with([&](RunQueue& queue) { return pick_here(cpu, queue, at); });
    here.current = choice.unit;
    return choice;
}

Choice Scheduler::pick_here(CpuId cpu, RunQueue& queue, Instant at) {
    queue.charge(at);
    unpark(cpu, queue, at);
    auto* const before = queue.running;
    // Read once: who wakes the unit after this finds it stopped, and queues it.
    const bool runnable = before && before->runnable();
    auto* next = first_with_budget(cpu, queue, at);
    if (runnable && usable(*before).has(cpu) && CapBudget{before->group()}.left(at) > 0 &&
        (!next || goes_on(*before, *next, at)))
        next = before;
    if (next != before) {
        if (before) stop_running(cpu, queue, *before, runnable, at);
        if (next) start_running(cpu, queue, *next, at);
    }
    queue.advance();
    publish(cpu, queue);
    mark(idle_, cpu, next == nullptr);
    queue.note_idle(next == nullptr, at);
    auto until = next_unpark(queue);
    if (next) {
        next->yielded_ = false;
        until = std::min(until, end_of_turn(cpu, queue, *next, at));
    }
    mark(untimed_, cpu, next != nullptr && until == never);
    // CPUs without an end of turn do not compare themselves with others: now that units wait, they have to.
    if (queue.surplus) (CpuMask{untimed_.load()} & online()).without(cpu).for_each([](CpuId other) { kick(other); });
    return {next, until};
}

bool Scheduler::goes_on(const SchedulingUnit& unit, const SchedulingUnit& next, Instant at) const {
    if (unit.yielded_) return false;
    if (at - unit.started_ < shortest_turn()) return true;
    return ahead(unit.virtual_time_, next.virtual_time_) < static_cast<std::int64_t>(policy::granularity);
}

void Scheduler::stop_running(CpuId cpu, RunQueue& queue, SchedulingUnit& unit, bool runnable, Instant at) {
    queue.running = nullptr;
    unit.yielded_ = false;
    if (!runnable) {
        unit.runstate_.enter(unit.blocked() ? Activity::blocked : Activity::offline, at);
        return;
    }
    unit.runstate_.enter(Activity::runnable, at);
    if (!usable(unit).has(cpu)) return;   // `saved` finds it a place
    if (CapBudget{unit.group()}.left(at) > 0)
        enqueue(cpu, queue, unit);
    else
        park(queue, unit);
}

void Scheduler::start_running(CpuId cpu, RunQueue& queue, SchedulingUnit& unit, Instant at) {
    if (unit.queued_) dequeue(cpu, queue, unit);
    queue.running = &unit;
    unit.started_ = unit.charged_until_ = at;
    unit.on_cpu_.store(true, std::memory_order_relaxed);
    unit.runstate_.enter(Activity::running, at);
}

void Scheduler::park(RunQueue& queue, SchedulingUnit& unit) {
    unit.queued_ = unit.parked_ = true;
    queue.parked.add(unit);
}

// Units whose group has spent its cap are put aside on the way.
SchedulingUnit* Scheduler::first_with_budget(CpuId cpu, RunQueue& queue, Instant at) {
    while (auto* unit = queue.waiting.first()) {
        if (CapBudget{unit->group()}.left(at) > 0) return unit;
        dequeue(cpu, queue, *unit);
        park(queue, *unit);
    }
    return nullptr;
}

// Brings back those whose group may run again.
void Scheduler::unpark(CpuId cpu, RunQueue& queue, Instant at) {
    for (auto* unit = queue.parked.first(); unit != nullptr;) {
        auto* const rest = Waiting::after(*unit);
        if (CapBudget{unit->group()}.left(at) > 0) {
            dequeue(cpu, queue, *unit);
            enqueue(cpu, queue, *unit);
        }
        unit = rest;
    }
}

Instant Scheduler::next_unpark(const RunQueue& queue) {
    auto next = never;
    for (const auto* unit = queue.parked.first(); unit != nullptr; unit = Waiting::after(*unit))
        next = std::min(next, CapBudget{unit->group()}.period_end());
    return next;
}

Instant Scheduler::end_of_turn(CpuId cpu, const RunQueue& queue, const SchedulingUnit& unit, Instant at) const {
    auto turn = never.raw;
    if (const auto* next = queue.waiting.first()) {
        const auto lead = ahead(next->virtual_time_ + policy::granularity, unit.virtual_time_);
        const auto fair = lead > 0 ? policy::real_of(static_cast<std::uint64_t>(lead), unit.group().weight()) : 0;
        const auto begun = at - unit.started_;
        const auto wanted = shortest_turn();
        const auto least = begun < wanted ? wanted - begun : microseconds(100);
        turn = std::max(least, std::min(fair, policy::longest_turn));
    } else if (!surplus_of_others(cpu).empty()) {
        turn = policy::longest_turn;
    }
    const auto budget = static_cast<std::uint64_t>(std::max<std::int64_t>(CapBudget{unit.group()}.left(at), 1));
    if (unit.group().cap() != 0) turn = std::min(turn, budget);
    return turn == never.raw ? never : later(at, turn);
}

}  // namespace basalt
