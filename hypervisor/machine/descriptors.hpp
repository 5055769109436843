// Segments, gates and task states. Every GDT that is ever loaded has this CPU's page as its page 14: Xen's reserved
// entries (FIRST_RESERVED_GDT_PAGE of xen/arch-x86/xen.h), so that the flat selectors are valid for every guest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "abi/xen.hpp"
#include "core/layout.hpp"
#include "core/number.hpp"
#include "machine/cpu.hpp"
#include "machine/instructions.hpp"

namespace basalt {

using Descriptor = std::uint64_t;

namespace selector {
inline constexpr std::uint16_t code = 0xe008;         // STAR wants the stack segment right behind it
inline constexpr std::uint16_t data = 0xe010;
inline constexpr std::uint16_t guest_code_32 = FLAT_RING3_CS32;   // and these three in this order
inline constexpr std::uint16_t guest_data = FLAT_RING3_DS32;
inline constexpr std::uint16_t guest_code = FLAT_RING3_CS64;
inline constexpr std::uint16_t task = 0xe040;         // two entries each
inline constexpr std::uint16_t ldt = 0xe050;
}  // namespace selector

static_assert(selector::data == selector::code + 8);
static_assert(selector::guest_data == selector::guest_code_32 + 8 && selector::guest_code == selector::guest_code_32 + 16);
static_assert(FIRST_RESERVED_GDT_PAGE == 14 && (selector::code >> page_shift) == 14);

// Where a CPU's alias of the entry text begins, and what is mapped behind it.
constexpr layout::Address entry_alias(CpuId cpu) { return layout::entry_area + cpu.raw * layout::entry_alias_size; }

// A page for each of these, for one CPU. The entry data follow the entry text.
struct CpuPages {
    Mfn entry_data, descriptors;
};

// Once, into a zeroed page for layout::interrupt_gates.
void fill_gates(std::byte* page);

// Fills in a CPU's zeroed pages through the direct map, before that CPU uses them.
void fill_tables(CpuId cpu, const CpuPages& pages);
void map_entry_alias(CpuId cpu, const CpuPages& pages);

// On the CPU itself: GDT, IDT, task register, SYSCALL registers.
void load_tables();

// A page of nulls, for where a guest's GDT has no page: a selector there names nothing, and LAR says so without a fault.
Mfn no_descriptors();

// For the context switch. The guest's GDT area must hold this CPU's page (this_cpu().descriptors) at page 14: with
// no_guest_gdt only that page is there.
inline constexpr layout::Address no_guest_gdt = 0;
void use_gdt(layout::Address area);
void use_ldt(layout::Address address, unsigned entries);   // no entries: none

// For the audit: what this CPU is to hold.
struct SystemCallRegisters {
    std::uint64_t star, lstar, cstar, mask;
};
SystemCallRegisters system_call_registers();
DescriptorTable gdt_at(layout::Address area);
layout::Address task_base();   // of this CPU's task state
Descriptor ldt_descriptor(layout::Address address, unsigned entries);   // its lower half
Descriptor own_descriptor(std::uint16_t chosen);

}  // namespace basalt
