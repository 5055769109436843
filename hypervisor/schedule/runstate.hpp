// What a vcpu has spent its time on, as guests and tools read it: struct vcpu_runstate_info of <xen/vcpu.h>.
#pragma once

#include "abi/vcpu.hpp"
#include "schedule/time.hpp"

namespace basalt {

enum class Activity : int {
    running = RUNSTATE_running,
    runnable = RUNSTATE_runnable,
    blocked = RUNSTATE_blocked,
    offline = RUNSTATE_offline,
};

class Runstate {
public:
    constexpr Runstate() { info_.state = RUNSTATE_offline; }

    Activity activity() const { return static_cast<Activity>(info_.state); }
    Instant entered() const { return Instant(info_.state_entry_time); }

    // The times add up to the time since the vcpu was made: no clock reading falls between two states.
    void begin(Instant at) { info_.state_entry_time = at.raw; }
    void enter(Activity next, Instant at) {
        info_.time[info_.state] += elapsed(at);
        info_.state = static_cast<int>(next);
        if (at > entered()) info_.state_entry_time = at.raw;
    }

    // As of the last change: what guests find in their memory area, to which they add the time since.
    const vcpu_runstate_info& as_entered() const { return info_; }
    // As of now: what the hypercall answers.
    vcpu_runstate_info at(Instant instant) const {
        auto info = info_;
        info.time[info.state] += elapsed(instant);
        return info;
    }

private:
    Nanoseconds elapsed(Instant at) const { return at > entered() ? at - entered() : 0; }

    vcpu_runstate_info info_{};
};

}  // namespace basalt
