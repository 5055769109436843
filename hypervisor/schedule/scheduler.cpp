// Units come, go, and change what they may do. Who is chosen is in pick.cpp, what moves between CPUs in pull.cpp.
#include "schedule/scheduler.hpp"

#include <bit>

#include "abi/vcpu.hpp"
#include "core/assert.hpp"
#include "schedule/policy.hpp"

namespace basalt {
namespace {

CpuId first_of(CpuMask cpus) { return CpuId(static_cast<std::uint32_t>(std::countr_zero(cpus.bits))); }

// The first at or above `from`, else the first: so that choices go round.
CpuId next_of(CpuMask cpus, CpuId from) {
    const CpuMask above{cpus.bits & (~std::uint64_t{0} << from.raw)};
    return first_of(above.empty() ? cpus : above);
}

Activity activity_of(const SchedulingUnit& unit) { return unit.blocked() ? Activity::blocked : Activity::offline; }

}  // namespace

void Scheduler::bring_online(CpuId cpu) {
    idle_.fetch_or(CpuMask::of(cpu).bits);
    online_.fetch_or(CpuMask::of(cpu).bits);
}

void Scheduler::take_offline(CpuId cpu) {
    online_.fetch_and(~CpuMask::of(cpu).bits);
    idle_.fetch_and(~CpuMask::of(cpu).bits);
    untimed_.fetch_and(~CpuMask::of(cpu).bits);
    ASSERT(online_.load() != 0);
    for (;;) {
        auto* unit = queue(cpu).with([&](RunQueue& queue) {
            auto* first = queue.waiting.first() ? queue.waiting.first() : queue.parked.first();
            if (first) dequeue(cpu, queue, *first);
            return first;
        });
        if (!unit) return;
        settle(*unit);
    }
}

void Scheduler::add(SchedulingUnit& unit) {
    const auto at = system_time();
    unit.runstate_.begin(at);
    unit.charged_until_ = at;
    const auto cpu = place_for(unit);
    unit.cpu_.store(cpu.raw);
    queue(cpu).with([&](RunQueue& queue) { unit.virtual_time_ = queue.virtual_time; });
}

void Scheduler::remove(SchedulingUnit& unit) {
    ASSERT(!unit.runnable() && !unit.on_cpu());
    const bool gone = with_queue_of(unit, [&](CpuId, RunQueue& queue) { return !unit.queued_ && queue.running != &unit; });
    ASSERT(gone);
}

void Scheduler::hold(SchedulingUnit& unit, Hold reason) {
    unit.holds_.fetch_or(SchedulingUnit::raw(reason));
    settle(unit);
}

bool Scheduler::release(SchedulingUnit& unit, Hold reason) {
    const auto bit = SchedulingUnit::raw(reason);
    if ((unit.holds_.fetch_and(~bit) & bit) == 0) return false;
    settle(unit);
    return true;
}

void Scheduler::block_here(SchedulingUnit& unit) {
    unit.holds_.fetch_or(SchedulingUnit::raw(Hold::blocked));
    kick(unit.cpu());
}

void Scheduler::yield(SchedulingUnit& unit) {
    unit.yielded_ = true;   // the running unit's own CPU is the only one to look
    kick(unit.cpu());
}

CpuMask Scheduler::usable(const SchedulingUnit& unit) const {
    const auto cpus = unit.allowed() & online();
    return cpus.empty() ? online() : cpus;   // its CPUs went offline: better elsewhere than nowhere
}

CpuId Scheduler::place_for(const SchedulingUnit& unit) const {
    const auto last = unit.cpu();
    const auto cpus = usable(unit);
    ASSERT(!cpus.empty());
    const auto idle = cpus & this->idle();
    if (idle.has(last)) return last;
    const auto liked = idle & unit.preferred();
    if (!liked.empty()) return next_of(liked, last);
    if (!idle.empty()) return next_of(idle, last);
    if (cpus.has(last)) return last;
    return next_of(cpus, last);
}

// Where it may run is looked at under the lock that lets it wait there: whoever changes that comes after, or was before.
void Scheduler::settle(SchedulingUnit& unit) {
    for (bool moved = false, settled = false; !settled; moved = true)
        settled = with_queue_of(unit, [&](CpuId cpu, RunQueue& queue) {
            if (unit.queued_ && !usable(unit).has(cpu)) dequeue(cpu, queue, unit);
            const bool on_cpu = unit.on_cpu();   // read once: it may be saved just now
            const bool loose = !unit.queued_ && queue.running != &unit && !on_cpu;
            const bool may_move = loose && unit.runnable() && !(moved && usable(unit).has(cpu));
            const auto wanted = may_move ? place_for(unit) : cpu;
            if (wanted == cpu)
                settle_here(cpu, queue, unit, on_cpu);
            else
                unit.cpu_.store(wanted.raw, std::memory_order_release);
            return wanted == cpu;
        });
}

void Scheduler::settle_here(CpuId cpu, RunQueue& queue, SchedulingUnit& unit, bool on_cpu) {
    const auto at = system_time();
    const bool runnable = unit.runnable();
    if (queue.running == &unit) {
        if (!runnable || !usable(unit).has(cpu)) kick(cpu);
        return;
    }
    if (runnable && unit.queued_) return;
    if (runnable) {
        // Not yet saved and no longer wanted here: `saved` finds it a place.
        if (on_cpu && !usable(unit).has(cpu)) return;
        unit.runstate_.enter(Activity::runnable, at);
        queue.charge(at);
        queue.advance();
        enqueue(cpu, queue, unit);
        call_for(cpu, queue, unit);
        return;
    }
    if (unit.queued_) dequeue(cpu, queue, unit);
    if (unit.runstate_.activity() != activity_of(unit)) unit.runstate_.enter(activity_of(unit), at);
}

void Scheduler::enqueue(CpuId cpu, RunQueue& queue, SchedulingUnit& unit) {
    if (ahead(queue.earliest(), unit.virtual_time_) > 0) unit.virtual_time_ = queue.earliest();
    // It comes from a CPU whose virtual time has gone ahead while nobody waited there: that is not its debt.
    const auto turn = policy::virtual_of(policy::longest_turn, unit.group().weight());
    const auto latest = queue.virtual_time + policy::longest_credit + turn;
    if (ahead(unit.virtual_time_, latest) > 0) unit.virtual_time_ = latest;
    unit.queued_ = true;
    count_in(queue, unit);
    queue.waiting.add(unit);
    publish(cpu, queue);
}

void Scheduler::count_in(RunQueue& queue, SchedulingUnit& unit) {
    unit.movable_ = std::popcount(usable(unit).bits) > 1;
    if (unit.movable_) ++queue.movable;
}

void Scheduler::dequeue(CpuId cpu, RunQueue& queue, SchedulingUnit& unit) {
    (unit.parked_ ? queue.parked : queue.waiting).take(unit);
    if (unit.movable_) --queue.movable;
    unit.movable_ = unit.parked_ = unit.queued_ = false;
    publish(cpu, queue);
}

void Scheduler::publish(CpuId cpu, RunQueue& queue) {
    const auto* first = queue.waiting.first();
    const bool more_than_one = queue.running || (first && Waiting::after(*first));
    const bool surplus = queue.movable > 0 && more_than_one;
    if (surplus) queues_.of(cpu).published_time.store(first->virtual_time_, std::memory_order_relaxed);
    if (surplus == queue.surplus) return;
    queue.surplus = surplus;
    mark(surplus_, cpu, surplus);
}

void Scheduler::mark(std::atomic<std::uint64_t>& set, CpuId cpu, bool member) {
    const auto bit = CpuMask::of(cpu).bits;
    if (((set.load(std::memory_order_relaxed) & bit) != 0) == member) return;
    if (member)
        set.fetch_or(bit);
    else
        set.fetch_and(~bit);
}

// A unit has come to wait: whoever should run it soon is told.
void Scheduler::call_for(CpuId cpu, RunQueue& queue, const SchedulingUnit& unit) {
    if (!queue.running) {
        mark(idle_, cpu, false);   // so that the next one to wake looks elsewhere
        kick(cpu);
        return;
    }
    const auto lead = ahead(queue.running->virtual_time_, unit.virtual_time_);
    const bool untimed = (untimed_.load() & CpuMask::of(cpu).bits) != 0;
    if (untimed || lead > static_cast<std::int64_t>(policy::granularity)) kick(cpu);
    const auto others = usable(unit) & idle();
    if (!others.empty() && !unit.on_cpu()) kick(next_of(others, cpu));
}

Result<> Scheduler::set_parameters(SchedulingGroup& group, GroupParameters parameters) {
    if (parameters.weight == 0 || parameters.weight > most_weight) return refuse(Error::out_of_range);
    group.weight_.store(parameters.weight);
    group.cap_.store(parameters.cap);
    return {};
}

Result<> Scheduler::set_shortest_turn(Nanoseconds turn) {
    if (turn != 0 && (turn < policy::least_shortest_turn || turn > policy::most_shortest_turn)) return refuse(Error::invalid);
    shortest_turn_.store(turn);
    return {};
}

Result<> Scheduler::set_affinity(SchedulingUnit& unit, CpuMask hard, CpuMask preferred) {
    if ((hard & online()).empty()) return refuse(Error::invalid);
    unit.affinity_.store(hard.bits);
    unit.preferred_.store(preferred.bits);
    rehome(unit);
    return {};
}

Result<> Scheduler::pin(SchedulingUnit& unit, CpuId cpu) {
    if (!online().has(cpu)) return refuse(Error::invalid);
    std::uint64_t none = 0;
    if (!unit.pin_.compare_exchange_strong(none, CpuMask::of(cpu).bits)) return refuse(Error::busy);
    rehome(unit);
    return {};
}

void Scheduler::unpin(SchedulingUnit& unit) {
    unit.pin_.store(0);
    rehome(unit);
}

// Where it may run has changed: a waiting unit waits anew, a running one is looked at again.
void Scheduler::rehome(SchedulingUnit& unit) {
    with_queue_of(unit, [&](CpuId cpu, RunQueue& queue) {
        if (unit.queued_) dequeue(cpu, queue, unit);
        return true;
    });
    settle(unit);
}

void Scheduler::saved(SchedulingUnit& unit) {
    unit.on_cpu_.store(false);     // before we look where it may run: whoever changes that looks at this after
    const auto cpu = unit.cpu();
    if (!usable(unit).has(cpu)) {
        settle(unit);
        return;
    }
    if ((surplus_.load(std::memory_order_relaxed) & CpuMask::of(cpu).bits) == 0) return;
    const auto others = usable(unit) & idle();
    if (!others.empty()) kick(next_of(others, cpu));
}

Nanoseconds Scheduler::idle_time(CpuId cpu) {
    return queue(cpu).with([](RunQueue& queue) { return queue.idle_time(system_time()); });
}

vcpu_runstate_info Scheduler::runstate(SchedulingUnit& unit) {
    return with_queue_of(unit, [&](CpuId, RunQueue&) { return unit.runstate_.at(system_time()); });
}

vcpu_runstate_info Scheduler::runstate_as_entered(SchedulingUnit& unit) {
    return with_queue_of(unit, [&](CpuId, RunQueue&) { return unit.runstate_.as_entered(); });
}

}  // namespace basalt
