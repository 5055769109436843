// A vcpu's local APIC at work: what others have left for it, its timer, and what its writes ask of others. On the vcpu's own
// CPU, on the way from an exit to the next entry, unless it says otherwise.
#pragma once

#include <cstdint>

#include "apic/destination.hpp"
#include "apic/local_apic.hpp"
#include "core/result.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

// The registers of the page where it answers; 32 bits of which are looked at.
std::uint32_t read_apic_page(HvmVcpu& vcpu, std::uint32_t offset);
void write_apic_page(HvmVcpu& vcpu, std::uint32_t offset, std::uint32_t value);

// IA32_APIC_BASE, IA32_TSC_DEADLINE and the registers of an x2APIC.
constexpr bool is_apic_register(std::uint32_t msr) {
    return (msr >= apic::first_msr && msr < apic::first_msr + 0x100) || msr == apic::base_msr || msr == apic::tsc_deadline_msr;
}
// Refused: #GP.
Result<std::uint64_t> read_apic_register(HvmVcpu& vcpu, std::uint32_t msr);
Result<> write_apic_register(HvmVcpu& vcpu, std::uint32_t msr, std::uint64_t value);

// What its messages say is so now. False: it waits for a start-up, and may not be entered.
[[nodiscard]] bool take_messages(HvmVcpu& vcpu);

// Behind messages of whatever kind, by anybody: the vcpu looks, if it may run at all.
void make_look(HvmVcpu& vcpu);

// Where its timer is, and to whom it answers, after it has been set from without. By whoever sets the vcpu up.
void follow_apic(HvmVcpu& vcpu);

}   // namespace basalt::hvm
