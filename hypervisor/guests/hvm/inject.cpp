#include "guests/hvm/inject.hpp"

#include "abi/sched.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "guests/hvm/doors.hpp"
#include "machine/svm.hpp"

namespace basalt::hvm {
namespace {

using svm::Event;

bool contributes(std::uint8_t vector) {
    return vector == vector::divide_error || (vector >= vector::invalid_tss && vector <= vector::general_protection);
}

// APM 2, table 8-4: what becomes of a second exception while a first is delivered.
bool doubles(std::uint8_t first, std::uint8_t second) {
    if (first == vector::page_fault) return second == vector::page_fault || contributes(second);
    return contributes(first) && contributes(second);
}

void raise(HvmVcpu& vcpu, Event wanted) {
    Event& due = vcpu.vmcb.control.event;
    if (due.valid() && due.kind() == Event::Kind::exception) {
        if (due.vector() == vector::double_fault) return shut_down(vcpu.domain, SHUTDOWN_reboot);
        if (doubles(due.vector(), wanted.vector())) wanted = Event(vector::double_fault, 0);
    }
    due = wanted;
}

}   // namespace

void raise_exception(HvmVcpu& vcpu, std::uint8_t vector) { raise(vcpu, Event(Event::Kind::exception, vector)); }
void raise_exception(HvmVcpu& vcpu, std::uint8_t vector, std::uint32_t error_code) { raise(vcpu, Event(vector, error_code)); }

void prepare_entry(HvmVcpu& vcpu) {
    vcpu.vmcb.save.rax = vcpu.registers.rax;
    svm::tag_translations(vcpu.vmcb.control);
}

bool Doors::may_take_nmi(const Vcpu&) { return false; }

void Doors::deliver_what_is_due(Vcpu& vcpu) { prepare_entry(of(vcpu)); }

}   // namespace basalt::hvm
