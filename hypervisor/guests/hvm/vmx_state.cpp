// SDM 3C 24.4 (guest state), 26.3 (what an entry asks of it), 27.3 to 27.5 (what an exit leaves).
#include "guests/hvm/vmx_state.hpp"

#include <array>

#include "domain/domain.hpp"
#include "domain/own_frames.hpp"
#include "guests/hvm/control_registers.hpp"
#include "guests/hvm/permissions.hpp"
#include "machine/cpu.hpp"
#include "machine/descriptors.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/page_entry.hpp"
#include "machine/vmx.hpp"

namespace basalt::hvm {
namespace {

using vmx::Field;

// NE is fixed to 1, and an exit leaves CD and NW as the guest has them: these are the guest's in CR0's shadow alone.
constexpr std::uint64_t shown_cr0 = cr0::numeric_error | cr0::cache_disable | cr0::not_write_through;

std::uint64_t real_cr0(std::uint64_t guests) { return (guests & ~shown_cr0) | cr0::numeric_error; }

// --- segments ---

namespace attribute {
constexpr std::uint32_t accessed = 1 << 0, busy = 1 << 1, present = 1 << 7, coarse = 1 << 15, unusable = 1 << 16;
}
constexpr unsigned system_segments = 6;   // LDTR and TR are the last

// As the processor would have loaded them: accessed, busy, and with a granularity that the limit can have (26.3.1.2).
std::uint32_t intel_attributes(const Segment& segment, unsigned index) {
    std::uint32_t word = (segment.attributes & 0xffU) | (segment.attributes & 0xf00U) << 4;
    if ((word & attribute::present) == 0) return word | attribute::unusable;
    if (index < system_segments) word |= attribute::accessed;
    if (index > system_segments) word |= attribute::busy;
    if ((segment.limit & 0xfff) != 0xfff) word &= ~attribute::coarse;
    if (segment.limit >> 20 != 0) word |= attribute::coarse;
    return word;
}

std::uint16_t amd_attributes(std::uint64_t word) {
    const auto all = static_cast<std::uint16_t>((word & 0xff) | (word >> 4 & 0xf00));
    return (word & attribute::unusable) != 0 ? static_cast<std::uint16_t>(all & ~attribute::present) : all;
}

template <typename State>
auto segments(State& state) {
    return std::array{&state.es, &state.cs, &state.ss, &state.ds, &state.fs, &state.gs, &state.ldtr, &state.tr};
}

void write_segments(const GuestState& state) {
    const auto all = segments(state);
    for (unsigned index = 0; index < all.size(); ++index) {
        vmx::write(nth(Field::guest_es, index), all[index]->selector);
        vmx::write(nth(Field::guest_limits, index), all[index]->limit);
        vmx::write(nth(Field::guest_attributes, index), intel_attributes(*all[index], index));
        vmx::write(nth(Field::guest_bases, index), all[index]->base);
    }
    vmx::write(Field::guest_gdtr_limit, state.gdtr.limit & 0xffff), vmx::write(Field::guest_gdtr_base, state.gdtr.base);
    vmx::write(Field::guest_idtr_limit, state.idtr.limit & 0xffff), vmx::write(Field::guest_idtr_base, state.idtr.base);
}

void read_segments(GuestState& state) {
    const auto all = segments(state);
    for (unsigned index = 0; index < all.size(); ++index)
        *all[index] = {static_cast<std::uint16_t>(vmx::read(nth(Field::guest_es, index))),
                       amd_attributes(vmx::read(nth(Field::guest_attributes, index))),
                       static_cast<std::uint32_t>(vmx::read(nth(Field::guest_limits, index))),
                       vmx::read(nth(Field::guest_bases, index))};
    state.gdtr = {0, 0, static_cast<std::uint32_t>(vmx::read(Field::guest_gdtr_limit)), vmx::read(Field::guest_gdtr_base)};
    state.idtr = {0, 0, static_cast<std::uint32_t>(vmx::read(Field::guest_idtr_limit)), vmx::read(Field::guest_idtr_base)};
}

// --- the whole ---

void write_controls(const HvmVcpu& vcpu) {
    const vmx::Controls& controls = features().vmx_guests.controls;
    const svm::Control& control = vcpu.vmcb.control;
    vmx::write(Field::pin_controls, controls.pin);
    vmx::write(Field::secondary_controls, controls.secondary);
    vmx::write(Field::exit_controls, controls.exit);
    vmx::write(Field::exceptions, control.intercepts.exceptions);
    vmx::write(Field::port_map_low, control.port_permissions);
    vmx::write(Field::port_map_high, control.port_permissions + page_size);
    vmx::write(Field::msr_map, control.msr_permissions);
    for (const Field none : {Field::page_fault_mask, Field::page_fault_match, Field::exit_msr_stores, Field::exit_msr_loads,
                             Field::entry_msr_loads, Field::entry_event, Field::guest_activity, Field::guest_pending_debug,
                             Field::guest_interruptibility})
        vmx::write(none, 0);
    vmx::write(Field::link, ~std::uint64_t{0});
}

// Changes of CR4 that its policy does not have are exits, and of MCE, which the machine needs.
void write_all(HvmVcpu& vcpu) {
    const GuestState& state = vcpu.state();
    write_controls(vcpu);
    write_segments(state);
    vmx::write(Field::guest_cr3, state.cr3);
    vmx::write(Field::cr0_mask, shown_cr0);
    vmx::write(Field::cr4_mask, ~possible_cr4(vcpu.domain) | cr4::machine_check);
    vmx::write(Field::guest_dr7, (state.dr7 & 0xffff'ffff) | 0x400);
    vmx::write(Field::guest_debug_control, state.debug_control);
    vmx::write(Field::guest_sysenter_cs, state.sysenter_cs);
    vmx::write(Field::guest_sysenter_esp, state.sysenter_esp);
    vmx::write(Field::guest_sysenter_eip, state.sysenter_eip);
    write_dr<6>(state.dr6 & 0xffff'ffff);
    vcpu.vmx.pdptes_due = true;
}

// What exits nearly never need.
void read_rest(HvmVcpu& vcpu) {
    GuestState& state = vcpu.state();
    read_segments(state);
    state.dr7 = vmx::read(Field::guest_dr7), state.dr6 = read_dr<6>();
    state.debug_control = vmx::read(Field::guest_debug_control);
    state.sysenter_cs = vmx::read(Field::guest_sysenter_cs);
    state.sysenter_esp = vmx::read(Field::guest_sysenter_esp);
    state.sysenter_eip = vmx::read(Field::guest_sysenter_eip);
    state.star = read_msr(msr::star), state.lstar = read_msr(msr::lstar), state.cstar = read_msr(msr::cstar);
    state.syscall_mask = read_msr(msr::syscall_mask), state.gs_base_behind_swap = read_gs_base_behind_swap();
}

// --- Basalt's own, to which an exit returns ---

void write_host_state() {
    const DescriptorTable gdt = read_gdt(), idt = read_idt();
    const Cpu& cpu = this_cpu();
    vmx::write(Field::host_cs, selector::code), vmx::write(Field::host_tr, selector::task);
    for (const Field null : {Field::host_es, Field::host_ss, Field::host_ds, Field::host_fs, Field::host_gs})
        vmx::write(null, 0);
    vmx::write(Field::host_cr0, read_cr0()), vmx::write(Field::host_cr3, cpu.root), vmx::write(Field::host_cr4, cpu.cr4);
    vmx::write(Field::host_efer, features().efer_wanted), vmx::write(Field::host_page_attributes, page_attribute_table);
    vmx::write(Field::host_fs_base, 0), vmx::write(Field::host_gs_base, 0);
    vmx::write(Field::host_gdtr_base, gdt.base), vmx::write(Field::host_idtr_base, idt.base);
    vmx::write(Field::host_tr_base, task_base());
    for (const Field none : {Field::host_sysenter_cs, Field::host_sysenter_esp, Field::host_sysenter_eip}) vmx::write(none, 0);
    vmx::write(Field::host_rip, reinterpret_cast<std::uint64_t>(&vmx::vmx_exit_point));
}

// An exit leaves limits of 64 KiB: no guest of ours may see beyond what a table has.
void load_own_registers() {
    const SystemCallRegisters calls = system_call_registers();
    write_msr(msr::star, calls.star), write_msr(msr::lstar, calls.lstar), write_msr(msr::cstar, calls.cstar);
    write_msr(msr::syscall_mask, calls.mask);
    write_gs_base_behind_swap(0);
    load_gdt(gdt_at(no_guest_gdt));
    load_idt({.limit = page_size - 1, .base = layout::interrupt_gates});
}

// SDM 3A 4.4.1: four words at CR3, in whose place the VMCS has its own where the tables are nested.
void write_pdptes(HvmVcpu& vcpu) {
    const GuestState& state = vcpu.state();
    vcpu.vmx.pdptes_due = false;
    const bool has_them = (state.cr0 & cr0::paging) != 0 && (state.cr4 & cr4::physical_extension) != 0 &&
                          (state.efer & efer::long_mode_active) == 0;
    if (!has_them) return;
    const auto page = own_frame(vcpu.domain, Pfn(state.cr3 >> page_shift & 0xf'ffff), false);
    for (unsigned index = 0; index < 4; ++index) {
        const std::uint64_t offset = (state.cr3 & 0xfe0) + 8 * index;
        const auto* const word = page ? static_cast<const std::byte*>(contents(page->mfn())) + offset : nullptr;
        vmx::write(nth(Field::guest_pdpte, index), word ? *reinterpret_cast<const volatile std::uint64_t*>(word) : 0);
    }
}

}   // namespace

void load_vmx_state(HvmVcpu& vcpu) {
    const GuestState& state = vcpu.state();
    vmx::put_away(vcpu.vmx.vmcs);
    vmx::make_current(vcpu.vmx.vmcs);
    vcpu.vmx.launched = false, vcpu.vmx.is_loaded = true;
    vcpu.vmx.held.vpid = 0;   // what this CPU knows of it is older than it
    write_host_state();
    constexpr std::uint64_t four_levels = 3 << 3, write_back = 6;
    vmx::write(Field::nested_root, vcpu.vmcb.control.nested_root | four_levels | write_back);
    write_msr(msr::star, state.star), write_msr(msr::lstar, state.lstar), write_msr(msr::cstar, state.cstar);
    write_msr(msr::syscall_mask, state.syscall_mask & 0xffff'ffff);
    write_gs_base_behind_swap(state.gs_base_behind_swap);
    write_dr<6>(state.dr6 & 0xffff'ffff);
}

void save_vmx_state(HvmVcpu& vcpu) {
    if (!vcpu.vmx.is_loaded) return;
    bring_state(vcpu);
    vmx::put_away(vcpu.vmx.vmcs);
    vcpu.vmx.is_loaded = vcpu.vmx.launched = false;
    load_own_registers();
}

void bring_state(HvmVcpu& vcpu, bool to_change) {
    if (vcpu.vmx.vmcs == 0) return;
    if (vcpu.vmx.is_loaded && !vcpu.vmx.is_new) read_rest(vcpu);
    vcpu.vmx.is_new = vcpu.vmx.is_new || to_change;
}

void read_exit_state(HvmVcpu& vcpu) {
    GuestState& state = vcpu.state();
    VmxPart::Held& held = vcpu.vmx.held;
    constexpr unsigned privilege_shift = 5;
    state.rip = held.rip = vmx::read(Field::guest_rip);
    state.rsp = held.rsp = vmx::read(Field::guest_rsp);
    state.rflags = held.rflags = vmx::read(Field::guest_rflags);
    state.cr0 = held.cr0 = (vmx::read(Field::guest_cr0) & ~shown_cr0) | (held.cr0 & shown_cr0);
    state.cr4 = held.cr4 = vmx::read(Field::guest_cr4) & ~cr4::vmx;
    state.efer = held.efer = vmx::read(Field::guest_efer) | efer::svm;
    state.cr3 = vmx::read(Field::guest_cr3);
    state.cs.attributes = amd_attributes(vmx::read(nth(Field::guest_attributes, 1)));
    state.cs.base = vmx::read(nth(Field::guest_bases, 1));
    state.cpl = static_cast<std::uint8_t>(vmx::read(nth(Field::guest_attributes, 2)) >> privilege_shift & 3);
    state.cr2 = read_cr2();
    held.entry = (held.entry & ~vmx::entry::long_mode) |
                 ((state.efer & efer::long_mode_active) != 0 ? vmx::entry::long_mode : 0);   // the processor's, with LMA
}

void write_entry_state(HvmVcpu& vcpu) {
    const GuestState& state = vcpu.state();
    VmxPart::Held& held = vcpu.vmx.held;
    const bool all = vcpu.vmx.is_new;
    if (all) write_all(vcpu);
    vcpu.vmx.is_new = false;
    const auto write = [all](Field field, std::uint64_t& held_now, std::uint64_t wanted, std::uint64_t real) {
        if (all || held_now != wanted) vmx::write(field, real);
        held_now = wanted;
    };
    write(Field::guest_rip, held.rip, state.rip, state.rip);
    write(Field::guest_rsp, held.rsp, state.rsp, state.rsp);
    write(Field::guest_rflags, held.rflags, state.rflags, state.rflags);
    if (all || held.cr0 != state.cr0) vmx::write(Field::cr0_shadow, state.cr0);
    write(Field::guest_cr0, held.cr0, state.cr0, real_cr0(state.cr0));
    if (all || held.cr4 != state.cr4) vmx::write(Field::cr4_shadow, guest_cr4(vcpu));
    write(Field::guest_cr4, held.cr4, state.cr4, state.cr4 | cr4::vmx);
    write(Field::guest_efer, held.efer, state.efer, state.efer & ~efer::svm);
    write(Field::guest_page_attributes, held.page_attributes, state.page_attributes, state.page_attributes);
    const std::uint32_t entry =
        features().vmx_guests.controls.entry | ((state.efer & efer::long_mode_active) != 0 ? vmx::entry::long_mode : 0);
    if (all || held.entry != entry) vmx::write(Field::entry_controls, held.entry = entry);
    if (vcpu.vmx.pdptes_due) write_pdptes(vcpu);
    if (read_cr2() != state.cr2) write_cr2(state.cr2);
}

}   // namespace basalt::hvm
