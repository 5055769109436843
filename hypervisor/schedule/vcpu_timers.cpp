#include "schedule/vcpu_timers.hpp"

namespace basalt {
namespace {

constexpr Nanoseconds shortest_period = milliseconds(1);

}  // namespace

void VcpuTimers::singleshot_due(Timer& timer) { raise_timer_virq(owner(timer)); }
void VcpuTimers::poll_due(Timer& timer) { end_of_poll(owner(timer)); }

void VcpuTimers::periodic_due(Timer& timer) {
    auto& vcpu = owner(timer);
    raise_timer_virq(vcpu);
    vcpu.ticked_ = system_time();
    if (vcpu.ticks()) vcpu.timers_.set(timer, later(vcpu.ticked_, vcpu.period_));
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
    period_ = period;
    ticked_ = system_time();
    timers_.set(periodic_, later(ticked_, period));
    return {};
}

void VcpuTimers::stop_periodic() {
    period_ = 0;
    timers_.cancel(periodic_);
}

void VcpuTimers::switched_in(bool moved) {
    if (moved) {
        timers_.bring_here(singleshot_);
        timers_.bring_here(poll_);
    }
    if (!ticks()) return;
    const auto at = system_time();
    if (at >= later(ticked_, period_)) {
        raise_timer_virq(*this);
        ticked_ = at;
    }
    timers_.set(periodic_, later(ticked_, period_));
}

void VcpuTimers::stop_all() {
    stop_periodic();
    stop_singleshot();
    stop_poll_timeout();
}

}  // namespace basalt
