#include "schedule/timers.hpp"

#include <utility>

#include "core/assert.hpp"

namespace basalt {

// Two heaps become one along their right spines, which are logarithmic: `rank_` never grows to the right.
Timer* TimerHeap::merge(Timer* one, Timer* other) {
    Timer* parent = nullptr;
    Timer* root = nullptr;
    while (one && other) {
        if (other->deadline_ < one->deadline_) std::swap(one, other);
        (parent ? parent->right_ : root) = one;
        one->parent_ = parent;
        parent = one;
        one = one->right_;
    }
    auto* const rest = one ? one : other;
    (parent ? parent->right_ : root) = rest;
    if (rest) rest->parent_ = parent;
    settle(parent);
    return root;
}

// Restores ranks upwards. A rank that stays as it is ends the way only above a change of children, so the whole path
// of a merge is walked; it is logarithmic.
void TimerHeap::settle(Timer* from) {
    const auto rank = [](const Timer* timer) { return timer ? timer->rank_ : 0; };
    for (auto* timer = from; timer; timer = timer->parent_) {
        if (rank(timer->left_) < rank(timer->right_)) std::swap(timer->left_, timer->right_);
        timer->rank_ = rank(timer->right_) + 1;
    }
}

void TimerHeap::add(Timer& timer) {
    timer.parent_ = timer.left_ = timer.right_ = nullptr;
    timer.rank_ = 1;
    root_ = merge(root_, &timer);
}

void TimerHeap::take(Timer& timer) {
    auto* const parent = timer.parent_;
    auto* const rest = merge(timer.left_, timer.right_);
    if (rest) rest->parent_ = parent;
    if (!parent)
        root_ = rest;
    else
        (parent->left_ == &timer ? parent->left_ : parent->right_) = rest;
    settle(parent);
    timer.parent_ = timer.left_ = timer.right_ = nullptr;
}

// The hardware is only told of what is earlier than it knows: a deadline that went away costs one early interrupt.
void Timers::program_first(TimerHeap& heap) {
    if (heap.next() >= heap.programmed_) return;
    heap.programmed_ = heap.next();
    program_timer(heap.programmed_);
}

std::optional<Instant> Timers::take_out(Timer& timer) {
    for (;;) {
        const auto cpu = timer.cpu_.load(std::memory_order_acquire);
        if (cpu == Timer::nowhere) return std::nullopt;
        const auto taken = heaps_.of(CpuId(cpu)).with([&](TimerHeap& heap) -> std::optional<Instant> {
            if (timer.cpu_.load(std::memory_order_relaxed) != cpu) return std::nullopt;
            heap.take(timer);
            const auto deadline = timer.deadline_;
            timer.cpu_.store(Timer::nowhere, std::memory_order_release);   // from here on another CPU may set it
            return deadline;
        });
        if (taken) return taken;
    }
}

void Timers::set(Timer& timer, Instant deadline) {
    const auto here = current_cpu().raw;
    for (;;) {
        if (timer.cpu_.load(std::memory_order_relaxed) != here) take_out(timer);
        const bool done = heaps_.here().with([&](TimerHeap& heap) {
            auto where = Timer::nowhere;
            if (timer.cpu_.load(std::memory_order_relaxed) == here)
                heap.take(timer);
            else if (!timer.cpu_.compare_exchange_strong(where, here))
                return false;   // another CPU has set it just now
            timer.deadline_ = deadline;
            heap.add(timer);
            program_first(heap);
            return true;
        });
        if (done) return;
    }
}

void Timers::cancel(Timer& timer) {
    take_out(timer);
    const auto acting = timer.acting_on_.load(std::memory_order_acquire);
    if (acting == Timer::nowhere || acting == current_cpu().raw) return;
    while (timer.acting_on_.load(std::memory_order_acquire) != Timer::nowhere) while_waiting();
    take_out(timer);   // the action may have set it again
}

void Timers::bring_here(Timer& timer) {
    const auto cpu = timer.cpu_.load(std::memory_order_relaxed);
    if (cpu == Timer::nowhere || cpu == current_cpu().raw) return;
    if (const auto deadline = take_out(timer)) set(timer, *deadline);
}

void Timers::expire() {
    auto& here = heaps_.here();
    const auto cpu = current_cpu().raw;
    const auto at = system_time();   // what falls due during the actions has an interrupt of its own
    for (;;) {
        auto* const due = here.with([&](TimerHeap& heap) -> Timer* {
            auto* const first = heap.first();
            if (!first || first->deadline_ > at) {
                heap.programmed_ = never;
                program_first(heap);
                return nullptr;
            }
            heap.take(*first);
            first->acting_on_.store(cpu, std::memory_order_relaxed);
            first->cpu_.store(Timer::nowhere, std::memory_order_release);
            return first;
        });
        if (!due) return;
        due->action_(*due);
        due->acting_on_.store(Timer::nowhere, std::memory_order_release);
    }
}

Instant Timers::next_deadline() {
    return heaps_.here().with([](TimerHeap& heap) { return heap.next(); });
}

}  // namespace basalt
