#include "schedule/vcpu_timers.hpp"

namespace basalt {
namespace {

constexpr Nanoseconds shortest_period = milliseconds(1);

}  // namespace

void VcpuTimers::singleshot_due(Timer& timer) { raise_timer_virq(owner(timer)); }
void VcpuTimers::poll_due(Timer& timer) { end_of_poll(owner(timer)); }

// On the CPU that has set it. There alone, where the vcpu runs, it is set again.
void VcpuTimers::periodic_due(Timer& timer) {
    auto& vcpu = owner(timer);
    if (!vcpu.ticks()) return;
    raise_timer_virq(vcpu);
    const auto at = system_time();
    if (vcpu.runs_on_.load(std::memory_order_relaxed) == current_cpu().raw) {
        vcpu.ticked_ = at;
        vcpu.timers_.set(timer, later(at, vcpu.period_));
    } else {
        vcpu.begun_.store(at.raw, std::memory_order_relaxed);
    }
}

Result<> VcpuTimers::set_singleshot(Instant deadline, bool must_be_future) {
    if (must_be_future && deadline < system_time()) return refuse(Error::timed_out);
    timers_.set(singleshot_, deadline);
    return {};
}

void VcpuTimers::set_timer_op(Instant deadline) {
    if (deadline.raw == 0)
        timers_.cancel(singleshot_);
    else
        timers_.set(singleshot_, deadline);
}

Result<> VcpuTimers::set_periodic(Nanoseconds period) {
    if (period < shortest_period) return refuse(Error::invalid);
    if (static_cast<std::int64_t>(period) < 0) return refuse(Error::invalid);
    const auto at = system_time();
    begun_.store(at.raw, std::memory_order_relaxed);
    period_.store(period, std::memory_order_relaxed);
    timers_.set(periodic_, later(at, period));
    times_set_.fetch_add(1);     // only now: who follows takes the timer to its own CPU, and must do so last
    return {};
}

// Should the vcpu's CPU set it once more just now, it does nothing when it is due.
void VcpuTimers::stop_periodic() {
    period_.store(0, std::memory_order_relaxed);
    timers_.cancel(periodic_);
}

void VcpuTimers::go_on_ticking() {
    if (const auto set = times_set_.load(std::memory_order_acquire); set != times_followed_) {
        times_followed_ = set;
        ticked_ = Instant(begun_.load(std::memory_order_relaxed));
    }
    const Nanoseconds period = period_.load(std::memory_order_relaxed);
    if (period == 0) return;
    const auto at = system_time();
    if (at >= later(ticked_, period)) {
        raise_timer_virq(*this);
        ticked_ = at;
    }
    timers_.set(periodic_, later(ticked_, period));
}

void VcpuTimers::switched_in(bool moved) {
    if (moved) {
        timers_.bring_here(singleshot_);
        timers_.bring_here(poll_);
    }
    runs_on_.store(current_cpu().raw, std::memory_order_relaxed);
    go_on_ticking();
}

void VcpuTimers::switched_out() {
    runs_on_.store(nowhere, std::memory_order_relaxed);
    if (ticks()) timers_.cancel(periodic_);
}

void VcpuTimers::stop_all() {
    stop_periodic();
    stop_singleshot();
    stop_poll_timeout();
}

}  // namespace basalt
