#include "schedule/run_queue.hpp"

#include "schedule/budget.hpp"
#include "schedule/policy.hpp"

namespace basalt {

void Waiting::add(SchedulingUnit& unit) {
    auto* place = last_;
    while (place && ahead(place->virtual_time_, unit.virtual_time_) > 0) place = place->before_;
    unit.before_ = place;
    unit.after_ = place ? place->after_ : first_;
    (unit.before_ ? unit.before_->after_ : first_) = &unit;
    (unit.after_ ? unit.after_->before_ : last_) = &unit;
}

void Waiting::take(SchedulingUnit& unit) {
    (unit.before_ ? unit.before_->after_ : first_) = unit.after_;
    (unit.after_ ? unit.after_->before_ : last_) = unit.before_;
    unit.before_ = unit.after_ = nullptr;
}

void RunQueue::charge(Instant at) {
    if (!running || at <= running->charged_until_) return;
    const auto run = at - running->charged_until_;
    running->charged_until_ = at;
    running->virtual_time_ += policy::virtual_of(run, running->group().weight());
    CapBudget{running->group()}.spend(run);
}

void RunQueue::note_idle(bool idle, Instant at) {
    if (idle == (idle_since != never)) return;
    idle_before = idle_time(at);
    idle_since = idle ? at : never;
}

void RunQueue::advance() {
    const auto* least = waiting.first();
    if (running && (!least || ahead(least->virtual_time_, running->virtual_time_) > 0)) least = running;
    if (least && ahead(least->virtual_time_, virtual_time) > 0) virtual_time = least->virtual_time_;
}

std::uint64_t RunQueue::earliest() const { return virtual_time - policy::longest_credit; }

}  // namespace basalt
