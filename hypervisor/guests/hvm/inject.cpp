#include "guests/hvm/inject.hpp"

#include <optional>
#include <utility>

#include "abi/hvm_params.hpp"
#include "abi/sched.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/hvm/doors.hpp"
#include "guests/hvm/local_apic.hpp"
#include "hvm_vcpu/delivery.hpp"
#include "machine/svm.hpp"

namespace basalt::hvm {
namespace {

// SVM tells of no end of an NMI but its IRET.
void keep_nmis_out(HvmVcpu& vcpu, bool out) {
    std::uint32_t& intercepted = vcpu.vmcb.control.intercepts.first;
    vcpu.in_nmi = out;
    intercepted = out ? intercepted | svm::intercept::iret : intercepted & ~svm::intercept::iret;
}

void put_off(HvmVcpu& vcpu, Event event) {
    if (event.kind() == Event::Kind::interrupt) {
        vcpu.put_off = event;
        return;
    }
    keep_nmis_out(vcpu, false);
    vcpu.nmi_pending.store(true, std::memory_order_relaxed);
}

void raise(HvmVcpu& vcpu, Event wanted) {
    Event& due = vcpu.vmcb.control.event;
    const delivery::Met met = delivery::meets(due, wanted);
    if (met.is_shutdown) return shut_down(vcpu.domain, SHUTDOWN_reboot);
    if (met.later.valid()) put_off(vcpu, met.later);
    due = met.first;
}

}   // namespace

void raise_exception(HvmVcpu& vcpu, std::uint8_t vector) { raise(vcpu, Event(Event::Kind::exception, vector)); }
void raise_exception(HvmVcpu& vcpu, std::uint8_t vector, std::uint32_t error_code) { raise(vcpu, Event(vector, error_code)); }

namespace {

std::uint8_t callback_vector(const Domain& domain) {
    const std::uint64_t how = domain.hvm_parameters.get(HVM_PARAM_CALLBACK_IRQ);
    return how >> 56 == HVM_PARAM_CALLBACK_TYPE_VECTOR ? static_cast<std::uint8_t>(how) : 0;
}

// The vector by which the guest hears of events, while it has not heard (HVM_PARAM_CALLBACK_IRQ). Until it clears the byte it
// hears again and again, as on Xen; its mask is not looked at.
std::optional<std::uint8_t> upcall_vector_due(const HvmVcpu& vcpu) {
    const std::uint8_t vector = callback_vector(vcpu.domain);
    return vector != 0 && vcpu.upcall_vector.load(std::memory_order_relaxed) == 0 && vcpu.events.is_upcall_pending()
               ? std::optional(vector)
               : std::nullopt;
}

bool lets_interrupts_in(const HvmVcpu& vcpu) {
    return (vcpu.state().rflags & rflags::interrupts) != 0 && (vcpu.vmcb.control.interrupt_shadow & 1) == 0;
}

// An exit as soon as the guest lets interrupts in, whatever its task priority. While one is asked for CR8 is not written
// without an exit: QEMU's TCG 7.2 ends the whole machine there.
void ask_for_window(svm::Control& control) {
    namespace bits = svm::virtual_interrupt;
    control.virtual_interrupt |= bits::pending | bits::ignore_task_priority | bits::highest_priority;
    control.intercepts.first |= svm::intercept::virtual_interrupt;
    control.intercepts.cr_writes |= svm::intercept::cr8;
}

void interrupt(HvmVcpu& vcpu, std::uint8_t vector) {
    vcpu.vmcb.control.event = Event(Event::Kind::interrupt, vector);
    vcpu.is_halted = false;
}

// One that an exception has met on its way; its local APIC has it in service.
void deliver_put_off(HvmVcpu& vcpu, bool is_free) {
    if (!is_free || !lets_interrupts_in(vcpu)) return ask_for_window(vcpu.vmcb.control);
    interrupt(vcpu, std::exchange(vcpu.put_off, {}).vector());
}

void deliver_interrupt(HvmVcpu& vcpu, bool is_free) {
    if (vcpu.put_off.valid()) return deliver_put_off(vcpu, is_free);
    const auto upcall = upcall_vector_due(vcpu);
    const auto local = upcall ? std::nullopt : vcpu.local_apic.pending();
    if (!upcall && !local) {
        if (vcpu.local_apic.pending_but_for_task_priority()) vcpu.vmcb.control.intercepts.cr_writes |= svm::intercept::cr8;
        return;
    }
    if (upcall && vcpu.vmcb.control.event.raw == Event(Event::Kind::interrupt, *upcall).raw) return;   // it is hearing of that
    if (!is_free || !lets_interrupts_in(vcpu)) return ask_for_window(vcpu.vmcb.control);
    if (local) vcpu.local_apic.deliver(*local);
    interrupt(vcpu, upcall.value_or(local.value_or(0)));
}

bool deliver_nmi(HvmVcpu& vcpu) {
    if (vcpu.in_nmi || !vcpu.nmi_pending.load(std::memory_order_relaxed)) return false;
    svm::Control& control = vcpu.vmcb.control;
    if ((control.interrupt_shadow & 1) != 0) {
        ask_for_window(control);
        return false;
    }
    vcpu.nmi_pending.store(false, std::memory_order_relaxed);
    keep_nmis_out(vcpu, true);
    control.event = Event(Event::Kind::nmi, vector::nmi);
    vcpu.is_halted = false;
    return true;
}

// One at a time: what was being delivered when the guest was left goes first.
void deliver(HvmVcpu& vcpu) {
    bool is_free = !vcpu.vmcb.control.event.valid();
    if (is_free && deliver_nmi(vcpu)) is_free = false;
    deliver_interrupt(vcpu, is_free);
}

// Somebody may have left something between the last look and the block.
void stay_halted(HvmVcpu& vcpu) {
    scheduler().block_here(vcpu.unit);
    if (Doors::has_news(vcpu)) scheduler().wake(vcpu.unit);
}

}   // namespace

bool is_interrupt_due(const HvmVcpu& vcpu) {
    if (vcpu.nmi_pending.load() && !vcpu.in_nmi) return true;
    if ((vcpu.state().rflags & rflags::interrupts) == 0) return false;
    return vcpu.put_off.valid() || upcall_vector_due(vcpu) || vcpu.local_apic.pending();
}

void note_exit(HvmVcpu& vcpu) {
    svm::Control& control = vcpu.vmcb.control;
    namespace bits = svm::virtual_interrupt;
    vcpu.local_apic.follow_cr8(control.virtual_interrupt & bits::task_priority);
    if ((control.intercepts.cr_writes & svm::intercept::cr8) == 0) return;
    control.virtual_interrupt &= ~(bits::pending | bits::ignore_task_priority | bits::highest_priority);
    control.intercepts.first &= ~svm::intercept::virtual_interrupt;
    control.intercepts.cr_writes &= static_cast<std::uint16_t>(~svm::intercept::cr8);
}

void prepare_entry(HvmVcpu& vcpu) {
    svm::Control& control = vcpu.vmcb.control;
    if (!take_messages(vcpu)) return raise_here(Work::schedule);   // whoever has started it meanwhile comes in again by that
    deliver(vcpu);
    if (vcpu.is_halted && !control.event.valid()) stay_halted(vcpu);
    control.virtual_interrupt = (control.virtual_interrupt & ~svm::virtual_interrupt::task_priority) | vcpu.local_apic.cr8();
    vcpu.state().rax = vcpu.registers.rax;
    if (svm::tag_translations(control)) vcpu.kept_code.drop();
}

// It has not gone yet: another NMI waits for one instruction more, as behind STI.
void interrupt_return_exit(HvmVcpu& vcpu) {
    keep_nmis_out(vcpu, false);
    vcpu.vmcb.control.interrupt_shadow |= 1;
}

bool Doors::has_news(const Vcpu& vcpu) { return of(vcpu).messages.any() || is_interrupt_due(of(vcpu)); }

bool Doors::may_take_nmi(const Vcpu& vcpu) { return !of(vcpu).in_nmi; }

void Doors::note_upcall(Vcpu& vcpu) {
    if (const std::uint8_t vector = of(vcpu).upcall_vector.load(std::memory_order_relaxed))
        of(vcpu).messages.add_interrupt(vector);
}

void Doors::deliver_what_is_due(Vcpu& vcpu) { prepare_entry(of(vcpu)); }

}   // namespace basalt::hvm
