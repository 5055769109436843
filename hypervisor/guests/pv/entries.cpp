// What happens on the way in by interrupt, and on the way out.
#include "devices/interrupts.hpp"
#include "domain/run.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "machine/entry.hpp"

namespace basalt {

extern "C" void guest_interrupt(Registers& registers) { interrupt(registers.vector); }
extern "C" void hypervisor_interrupt(Registers& registers) { interrupt(registers.vector); }

extern "C" void before_guest_entry() {
    do {
        settle_work();
        Vcpu& vcpu = running();
        if (vcpu.pv.failsafe_due) {
            vcpu.pv.failsafe_due = false;
            const Segments& wanted = vcpu.pv.segments;
            pv::deliver_failsafe(vcpu, {wanted.ds, wanted.es, wanted.fs, wanted.gs});
        }
        if (!vcpu.crash_due.empty()) continue;      // it is told where the vcpu is now
        if (vcpu.nmi_due()) pv::deliver_nmi(vcpu);
        // Last, so that the event is the first thing the guest sees. It masks further ones.
        if (vcpu.events.upcall_due()) pv::deliver_event(vcpu);
    } while (this_cpu().work.load(std::memory_order_relaxed) != 0);
}

}  // namespace basalt
