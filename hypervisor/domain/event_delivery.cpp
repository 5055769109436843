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

void end_of_poll(VcpuTimers& part) { events::wake_poller(Vcpu::of(part).events); }

void raise_nmi(Vcpu& vcpu) {
    if (vcpu.nmi_pending.exchange(true)) return;
    if (scheduler().wake(vcpu.unit)) return;
    if (vcpu.unit.on_cpu()) raise(vcpu.unit.cpu(), Work::events);
}

namespace events {

// A vcpu that runs here looks at its events on the way back to its guest. One that runs elsewhere is interrupted.
void notify(VcpuEvents& part) {
    Vcpu& vcpu = Vcpu::of(part);
    if (scheduler().wake(vcpu.unit)) return;
    if (vcpu.unit.on_cpu() && vcpu.unit.cpu() != this_cpu().id) raise(vcpu.unit.cpu(), Work::events);
}

void wake_poller(VcpuEvents& part) { scheduler().wake(Vcpu::of(part).unit); }

}  // namespace events
}  // namespace basalt
