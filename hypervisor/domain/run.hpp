// Which vcpu runs on this CPU: the scheduler's choice made real.
#pragma once

#include <string_view>

#include "domain/vcpu.hpp"
#include "schedule/scheduler.hpp"
#include "schedule/timers.hpp"

namespace basalt {

Scheduler& scheduler();
Timers& timers();

// Sees to the work raised for this CPU and to the scheduler's choice. On return a vcpu is running, its state
// is loaded, and no work is left; while there is none to run, the CPU halts in here.
void settle_work();

// The running vcpu stops here for good or until woken; called by whoever has just blocked, paused or ended it. The
// change of vcpu happens on the way back to the guest.
void reschedule();

// Another has set the vcpu's period: where it runs, that counts from now on.
void follow_period(Vcpu& vcpu);

// An NMI for a vcpu: it wakes up, and its kernel is told on its next entry. Another that is pending is the same one.
void raise_nmi(Vcpu& vcpu);

// The domain did something it cannot go on from. Returns: on the way out, where all of the vcpu's registers have been stored (a
// system call's entry leaves some where they are), crash_if_due says what it was, and shows them. The domain stops then
// (SHUTDOWN_crash), and nobody else notices.
void crash_running_domain(std::string_view reason);
// The same at once, for settle_work, of a domain that a machine check has hit.
void end_after_machine_check();
void crash_if_due(Vcpu& running);
void shut_down(class Domain& domain, unsigned reason);

}   // namespace basalt
