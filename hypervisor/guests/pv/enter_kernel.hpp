// What interrupts a guest, delivered to its kernel. None of these fails: a guest that cannot be entered is crashed, alone.
#pragma once

#include <cstdint>

#include "domain/vcpu.hpp"
#include "guests/pv/doors.hpp"
#include "guests/pv/entry_frame.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {

// An exception that the running vcpu has caused, or is to believe it has.
void deliver_exception(Vcpu& vcpu, std::uint64_t vector, std::uint32_t error_code = 0);

// With the address and the error code as the guest shall see them, but for the user bit, which is set here.
void deliver_page_fault(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code);

// `int n`: through the same gates, never with an error code.
void deliver_software_interrupt(Vcpu& vcpu, std::uint8_t vector);

[[gnu::noinline]] void deliver_system_call(Vcpu& vcpu, const Callback& callback);   // most go by short_ways.S
void deliver_event(Vcpu& vcpu);

// Where its kernel has no handler, it does not learn of it.
void deliver_nmi(Vcpu& vcpu);

// The CPU refused selectors. The frame names the data selectors that the guest wanted: where they equal those that are
// loaded, it was CS or SS.
void deliver_failsafe(Vcpu& vcpu, const DataSelectors& wanted);

// Whether the guest's current mode may use `int vector`.
bool may_interrupt(const PvVcpu& pv, std::uint8_t vector);

// In line on every guest's way out: entries.cpp.
inline void Doors::deliver_what_is_due(Vcpu& vcpu) {
    if (of(vcpu).failsafe_due) {
        of(vcpu).failsafe_due = false;
        const Segments& wanted = of(vcpu).segments;
        deliver_failsafe(vcpu, {wanted.ds, wanted.es, wanted.fs, wanted.gs});
    }
    if (!vcpu.crash_due.empty()) return;      // it is told where the vcpu is now
    if (vcpu.nmi_pending.load() && !of(vcpu).nmi_masked) deliver_nmi(vcpu);
    // Last, so that the event is the first thing the guest sees. It masks further ones.
    if (vcpu.events.upcall_due()) deliver_event(vcpu);
}

}  // namespace basalt::pv
