// Fairness between CPUs. All queues count one virtual time; a CPU whose own least unit has had clearly more than one
// that waits elsewhere takes that one over. A CPU with nothing to do takes any.
#include "schedule/policy.hpp"
#include "schedule/scheduler.hpp"

namespace basalt {

CpuMask Scheduler::surplus_of_others(CpuId cpu) const { return CpuMask{surplus_.load()}.without(cpu); }

bool Scheduler::pull(CpuId cpu, Instant at) {
    const auto others = surplus_of_others(cpu);
    std::optional<std::uint64_t> wanted;   // the least virtual time that waits elsewhere
    others.for_each([&](CpuId other) {
        const auto time = queues_.of(other).published_time.load(std::memory_order_relaxed);
        if (!wanted || ahead(*wanted, time) > 0) wanted = time;
    });
    if (!wanted) return false;
    const auto least = queue(cpu).with([&](RunQueue& queue) -> std::optional<std::uint64_t> {
        queue.charge(at);
        auto* const unit = queue.running && queue.running->runnable() ? queue.running : nullptr;
        // Alone here while others share: it had more than its share of nothing, and is owed no more than anyone.
        if (unit && queue.waiting.empty() && ahead(*wanted - policy::longest_credit, unit->virtual_time_) > 0)
            unit->virtual_time_ = *wanted - policy::longest_credit;
        queue.advance();
        const auto* const first = queue.waiting.first();
        if (!unit && !first) return std::nullopt;
        if (!unit || (first && ahead(unit->virtual_time_, first->virtual_time_) > 0)) return first->virtual_time_;
        return unit->virtual_time_;
    });
    bool pulled = false;
    others.for_each([&](CpuId other) {
        if (pulled) return;
        const auto time = queues_.of(other).published_time.load(std::memory_order_relaxed);
        if (least && ahead(*least, time) <= static_cast<std::int64_t>(policy::worth_moving)) return;
        pulled = pull_from(other, cpu, least);
    });
    return pulled;
}

// `least`: what the best unit here has had; none if there is none.
bool Scheduler::pull_from(CpuId from, CpuId to, std::optional<std::uint64_t> least) {
    return Guarded<RunQueue, Rank::scheduler>::with_both(queue(to), queue(from), [&](RunQueue& here, RunQueue& there) {
        for (auto* unit = there.waiting.first(); unit != nullptr; unit = Waiting::after(*unit)) {
            const bool liked = unit->preferred().has(to);
            const auto threshold = static_cast<std::int64_t>(policy::worth_moving * (liked ? 1 : 4));
            if (least && ahead(*least, unit->virtual_time_) <= threshold) continue;
            if (unit->on_cpu() || !usable(*unit).has(to)) continue;
            dequeue(from, there, *unit);
            // With nobody here, this queue's virtual time says nothing: it follows the newcomer.
            if (!least) here.virtual_time = unit->virtual_time_;
            unit->cpu_.store(to.raw, std::memory_order_release);
            enqueue(to, here, *unit);
            return true;
        }
        return false;
    });
}

}  // namespace basalt
