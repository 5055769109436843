// A vcpu's GDT and LDT: frames of the guest's, held in descriptor use and mapped in the per-domain area, where the CPU
// looks. The GDT's are mapped when they are set, the LDT's when the CPU first touches them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "domain/vcpu.hpp"

namespace basalt::pv {

// Of the running vcpu, or of one that has not run yet. A refusal changes nothing.
Result<> set_gdt(Vcpu& vcpu, std::span<const Mfn> frames, std::uint32_t entries);
Result<> set_ldt(Vcpu& vcpu, std::uint64_t base, std::uint32_t entries);

// The LDT's pages are looked up again when they are next touched: after a change of root, say.
void forget_ldt_pages(Vcpu& vcpu);

// Of a new vcpu, or of one that will not run again: it has no GDT and LDT.
void drop_descriptor_tables(Vcpu& vcpu);

// Maps the LDT page at this offset. Refused: the guest has no such page, or not in a use that fits; or, again, not yet.
Result<> map_ldt_page(Vcpu& vcpu, std::uint64_t offset);

// The descriptor that a selector names, read as the CPU would; nothing where there is none.
std::optional<std::uint64_t> descriptor_of(const Vcpu& vcpu, std::uint16_t selector);

// For the switch to a vcpu: this CPU's own page goes into its area, before the area can be seen; then the CPU is told.
void lend_own_descriptors(const Vcpu& vcpu);
void load_descriptor_tables(const Vcpu& vcpu);

// A fault where the LDT is mapped is not about that address: the page is brought in, or the fault is told at the address
// that the guest knows. False: the address is elsewhere.
bool explain_supervisor_ldt_fault(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code);
// What the CPU reads of an LDT it reads as the supervisor: any other fault is none of these.
inline bool explain_ldt_fault(Vcpu& vcpu, std::uint64_t address, std::uint32_t error_code) {
    return (error_code & page_fault_error::user) == 0 && explain_supervisor_ldt_fault(vcpu, address, error_code);
}

}  // namespace basalt::pv

namespace basalt {

// mmuext_op.set_ldt of the running vcpu.
Result<> set_ldt(std::uint64_t base, std::uint64_t entries);

}  // namespace basalt
