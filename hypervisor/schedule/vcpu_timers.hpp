// The timers of one vcpu: VIRQ_TIMER once at an instant or again and again, and the end of a poll. Embedded in Vcpu.
#pragma once

#include "core/result.hpp"
#include "schedule/timers.hpp"

namespace basalt {

class VcpuTimers;
// Seams: what follows when one is due.
void raise_timer_virq(VcpuTimers& vcpu);
void end_of_poll(VcpuTimers& vcpu);

class VcpuTimers {
public:
    explicit VcpuTimers(Timers& timers) : timers_(timers) {}

    // VCPUOP_set_singleshot_timer. timed_out: it had to be in the future and is not.
    Result<> set_singleshot(Instant deadline, bool must_be_future);
    void stop_singleshot() { timers_.cancel(singleshot_); }
    // set_timer_op: 0 stops; an instant that is over, by wrapping or not, is due at once.
    void set_timer_op(Instant deadline);

    // VCPUOP_set_periodic_timer: ticks while the vcpu runs, at the cost of its own CPU, and once on its return for any that
    // it missed. By any CPU: where the vcpu runs, follow_period() is due. The first tick comes though it does not run
    // yet, unless it is just leaving a CPU.
    Result<> set_periodic(Nanoseconds period);
    void stop_periodic();
    // On the CPU where the vcpu runs: what others have set counts from now on.
    void follow_period() {
        if (times_set_.load(std::memory_order_acquire) != times_followed_) go_on_ticking();
    }

    void set_poll_timeout(Instant deadline) { timers_.set(poll_, deadline); }
    void stop_poll_timeout() { timers_.cancel(poll_); }

    // The vcpu begins and ends its stay on this CPU. `moved`: it ran on another before.
    void switched_in(bool moved);
    void switched_out();

    void stop_all();   // before the vcpu's memory goes

private:
    struct Owned : Timer {
        Owned(VcpuTimers& vcpu, Action action) : Timer(action), owner(vcpu) {}
        VcpuTimers& owner;
    };
    static VcpuTimers& owner(Timer& timer) { return static_cast<Owned&>(timer).owner; }
    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
    static void singleshot_due(Timer& timer);
    static void periodic_due(Timer& timer);
    static void poll_due(Timer& timer);

    Timers& timers_;
    Owned singleshot_{*this, singleshot_due};
    Owned periodic_{*this, periodic_due};
    Owned poll_{*this, poll_due};
    bool ticks() const { return period_.load(std::memory_order_relaxed) != 0; }
    void go_on_ticking();

    // Another vcpu may set these.
    std::atomic<Nanoseconds> period_{0};
    std::atomic<std::uint64_t> begun_{0};   // the tick before the first, as an instant
    std::atomic<std::uint64_t> times_set_{0};

    std::atomic<std::uint32_t> runs_on_{nowhere};   // the CPU
    std::uint64_t times_followed_ = 0;   // for that CPU alone
    Instant ticked_{};
};

}   // namespace basalt
