// Timers: each CPU has a heap of them, and one hardware deadline for the earliest.
//
// A timer lies inside what it serves (a vcpu, a CPU). It is set on the CPU that sets it, may be cancelled from
// any, and is brought along when what it serves moves. `action` runs on the timer's CPU with no lock held.
#pragma once

#include <atomic>
#include <optional>

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "schedule/time.hpp"

namespace basalt {

// Seam: interrupt this CPU at `deadline`, and forget the deadline before. `never` means not at all.
void program_timer(Instant deadline);

class Timer {
public:
    using Action = void (*)(Timer& timer);

    constexpr explicit Timer(Action action) : action_(action) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    bool armed() const { return cpu_.load(std::memory_order_relaxed) != nowhere; }
    Instant deadline() const { return deadline_; }   // of an armed timer

private:
    friend class TimerHeap;
    friend class Timers;
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    Action action_;
    Instant deadline_{};
    std::atomic<std::uint32_t> cpu_{nowhere};   // changed under the lock of the heap it names, or comes to name
    std::atomic<std::uint32_t> acting_on_{nowhere};   // the CPU whose action is under way
    std::uint32_t rank_ = 0;                    // leftist heap: steps to the nearest missing child
    Timer* parent_ = nullptr;
    Timer* left_ = nullptr;
    Timer* right_ = nullptr;
};

// A leftist heap: adding and taking from anywhere are logarithmic, and nothing is allocated.
class TimerHeap {
public:
    void add(Timer& timer);
    void take(Timer& timer);
    Timer* first() const { return root_; }
    Instant next() const { return root_ ? root_->deadline_ : never; }

private:
    friend class Timers;
    static Timer* merge(Timer* one, Timer* other);
    static void settle(Timer* from);

    Timer* root_ = nullptr;
    Instant programmed_ = never;   // what the hardware was told
};

class Timers {
public:
    // Armed for `deadline` on this CPU, whether or not it was armed before, here or elsewhere.
    void set(Timer& timer, Instant deadline);
    // Not armed, and on return no other CPU is still in its action; so its memory may go. Called with no lock held that
    // the action takes.
    void cancel(Timer& timer);
    // If armed on another CPU, then armed here from now on.
    void bring_here(Timer& timer);

    // On the timer interrupt: acts for every timer that is due, and programs the next deadline.
    void expire();
    Instant next_deadline();

private:
    using Heap = Guarded<TimerHeap, Rank::timers>;
    // Out of the heap it is in, if it is in one: then its deadline.
    std::optional<Instant> take_out(Timer& timer);
    static void program_first(TimerHeap& heap);

    PerCpu<Heap> heaps_;
};

}  // namespace basalt
