// What happens on the way in by interrupt, and on the way out, whatever kind of guest it is.
#include "devices/interrupts.hpp"
#include "domain/run.hpp"
#include "guests/kinds.hpp"
#include "guests/pv/enter_kernel.hpp"
#include "machine/entry.hpp"

namespace basalt {

extern "C" void guest_interrupt(Registers& registers) { interrupt(registers.vector); }
extern "C" void hypervisor_interrupt(Registers& registers) { interrupt(registers.vector); }

extern "C" void before_guest_entry() {
    do {
        settle_work();
        Vcpu& vcpu = running();
        by_kind(vcpu, [&](SuppliesDoors auto kind) { kind.deliver_what_is_due(vcpu); });
    } while (this_cpu().work.load(std::memory_order_relaxed) != 0);
}

}  // namespace basalt
