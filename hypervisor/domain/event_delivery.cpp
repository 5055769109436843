// What events, timers and interrupts ask of vcpus.
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "events/seams.hpp"

namespace basalt {

void raise_timer_virq(VcpuTimers& part) {
    Vcpu& vcpu = Vcpu::of(part);
    vcpu.domain.events.raise_virq(vcpu.events, Virq(VIRQ_TIMER));
}

void follow_period(Vcpu& vcpu) {
    if (runs_here(vcpu))
        vcpu.timers.follow_period();
    else if (vcpu.unit.on_cpu())
        kick(vcpu.unit.cpu());
}

void end_of_poll(VcpuTimers& part) { scheduler().wake(Vcpu::of(part).unit); }

void raise_nmi(Vcpu& vcpu) {
    if (vcpu.nmi_pending.exchange(true)) return;
    if (scheduler().wake(vcpu.unit)) return;
    if (vcpu.unit.on_cpu()) raise(vcpu.unit.cpu(), Work::events);
}

namespace events {

// A vcpu that runs here looks at its events on the way back to its guest. One that runs elsewhere is interrupted.
void notify(VcpuEvents& part) {
    Vcpu& vcpu = Vcpu::of(part);
    note_upcall(vcpu);
    if (scheduler().wake(vcpu.unit)) return;
    if (vcpu.unit.on_cpu() && vcpu.unit.cpu() != this_cpu().id) raise(vcpu.unit.cpu(), Work::events);
}

void begin_wait(VcpuEvents& part) { scheduler().block_here(Vcpu::of(part).unit); }
void end_wait(VcpuEvents& part) { scheduler().wake(Vcpu::of(part).unit); }

bool other_news_due(VcpuEvents& part) { return basalt::nmi_due(Vcpu::of(part)) || has_news(Vcpu::of(part)); }

void set_poll_timeout(VcpuEvents& part, std::uint64_t at) { Vcpu::of(part).timers.set_poll_timeout(Instant(at)); }
void stop_poll_timeout(VcpuEvents& part) { Vcpu::of(part).timers.stop_poll_timeout(); }

}  // namespace events
}  // namespace basalt
