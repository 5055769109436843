#include "guests/hvm/context.hpp"

#include <algorithm>

#include "debug/log.hpp"
#include "domain/domain.hpp"
#include "guests/hvm/control_registers.hpp"
#include "guests/hvm/doors.hpp"
#include "guests/hvm/start_up.hpp"
#include "guests/hvm/vmx_state.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "records/processor.hpp"
#include "records/segments.hpp"

namespace basalt::hvm {
namespace {

Segment segment(std::uint32_t selector, std::uint32_t attributes, std::uint32_t limit, std::uint64_t base) {
    return {static_cast<std::uint16_t>(selector), records::attributes_of(attributes), limit, base};
}

void set_segments(GuestState& save, const hvm_hw_cpu& cpu) {
    save.cs = segment(cpu.cs_sel, cpu.cs_arbytes, cpu.cs_limit, cpu.cs_base);
    save.ds = segment(cpu.ds_sel, cpu.ds_arbytes, cpu.ds_limit, cpu.ds_base);
    save.es = segment(cpu.es_sel, cpu.es_arbytes, cpu.es_limit, cpu.es_base);
    save.fs = segment(cpu.fs_sel, cpu.fs_arbytes, cpu.fs_limit, cpu.fs_base);
    save.gs = segment(cpu.gs_sel, cpu.gs_arbytes, cpu.gs_limit, cpu.gs_base);
    save.ss = segment(cpu.ss_sel, cpu.ss_arbytes, cpu.ss_limit, cpu.ss_base);
    save.tr = segment(cpu.tr_sel, cpu.tr_arbytes, cpu.tr_limit, cpu.tr_base);
    save.ldtr = segment(cpu.ldtr_sel, cpu.ldtr_arbytes, cpu.ldtr_limit, cpu.ldtr_base);
    save.gdtr = segment(0, 0, cpu.gdtr_limit, cpu.gdtr_base);
    save.idtr = segment(0, 0, cpu.idtr_limit, cpu.idtr_base);
    constexpr unsigned privilege_shift = 5;
    save.cpl = static_cast<std::uint8_t>(save.ss.attributes >> privilege_shift & 3);
}

void set_general(Registers& to, const hvm_hw_cpu& cpu) {
    to.rax = cpu.rax, to.rbx = cpu.rbx, to.rcx = cpu.rcx, to.rdx = cpu.rdx, to.rbp = cpu.rbp, to.rsi = cpu.rsi,
    to.rdi = cpu.rdi;
    to.r8 = cpu.r8, to.r9 = cpu.r9, to.r10 = cpu.r10, to.r11 = cpu.r11;
    to.r12 = cpu.r12, to.r13 = cpu.r13, to.r14 = cpu.r14, to.r15 = cpu.r15;
}

void set_special(GuestState& save, const hvm_hw_cpu& cpu) {
    save.rip = cpu.rip, save.rsp = cpu.rsp, save.rflags = cpu.rflags | rflags::always;
    save.cr0 = cpu.cr0 | cr0::extension_type, save.cr2 = cpu.cr2, save.cr3 = cpu.cr3;
    save.dr6 = cpu.dr6, save.dr7 = cpu.dr7;
    save.efer = cpu.msr_efer | efer::svm;
    save.star = cpu.msr_star, save.lstar = cpu.msr_lstar, save.cstar = cpu.msr_cstar, save.syscall_mask = cpu.msr_syscall_mask;
    save.sysenter_cs = cpu.sysenter_cs, save.sysenter_esp = cpu.sysenter_esp, save.sysenter_eip = cpu.sysenter_eip;
    save.gs_base_behind_swap = cpu.shadow_gs;
}

// What was due to the state before is not due any more.
void forget_what_was_due(HvmVcpu& vcpu) {
    svm::Control& control = vcpu.vmcb.control;
    control.event = control.exit.interrupted = vcpu.put_off = {};
    control.interrupt_shadow = 0;
    vcpu.is_halted = vcpu.in_nmi = vcpu.awaits_start_up = false;
}

// With caches on, whatever a processor has then: guests are not slower for it.
void set_after_init(GuestState& save, std::uint8_t page) {
    const std::uint16_t limit = 0xffff, data = 0x93, code = 0x9b, table = 0x82, task = 0x8b;
    const Segment empty{0, data, limit, 0};
    save.cs = {static_cast<std::uint16_t>(page << 8), code, limit, std::uint64_t{page} << page_shift};
    save.ds = save.es = save.fs = save.gs = save.ss = empty;
    save.ldtr = {0, table, limit, 0};
    save.tr = {0, task, limit, 0};
    save.gdtr = save.idtr = {0, 0, limit, 0};
    save.cpl = 0;
    save.rip = save.rsp = 0, save.rflags = rflags::always;
    save.cr0 = cr0::extension_type, save.cr2 = save.cr3 = 0;
    save.dr6 = 0xffff'0ff0, save.dr7 = 0x400;
    save.efer = efer::svm;
}

}   // namespace

Result<> look_at_cpu(const Domain& domain, const hvm_hw_cpu& cpu) {
    const records::Offer offer{possible_cr4(domain), possible_efer(domain),
                               static_cast<std::uint8_t>(features().physical_bits)};
    const auto wrong = records::wrong_with(cpu, offer);
    if (!wrong) return {};
    log(Level::warning, "d{}: a vcpu's state is refused: {}", domain.id, *wrong);
    return refuse(Error::invalid);
}

void set_cpu(Vcpu& vcpu, const hvm_hw_cpu& cpu) {
    HvmVcpu& hvm = of(vcpu);
    bring_state(hvm, true);
    forget_what_was_due(hvm);
    hvm.xcr0 = 1;
    set_segments(hvm.state(), cpu);
    set_special(hvm.state(), cpu);
    set_cr4(hvm, cpu.cr4);
    set_general(vcpu.registers, cpu);
    hvm.debug_addresses = {cpu.dr0, cpu.dr1, cpu.dr2, cpu.dr3};
    fpu_initialise(hvm.fpu.data());
    if ((cpu.flags & XEN_X86_FPU_INITIALISED) != 0) fpu_take_legacy(hvm.fpu.data(), std::as_bytes(std::span(cpu.fpu_regs)));
    hvm.tsc_aux = static_cast<std::uint32_t>(cpu.msr_tsc_aux);
    vcpu.initialised = true;
}

void start_at_page(HvmVcpu& vcpu, std::uint8_t page) {
    bring_state(vcpu, true);
    forget_what_was_due(vcpu);
    set_after_init(vcpu.state(), page);
    set_cr4(vcpu, 0);
    constexpr hvm_hw_cpu nothing{};
    set_general(vcpu.registers, nothing);
    constexpr std::uint64_t some_family = 0xf00;   // as on Xen; CPUID tells which
    vcpu.registers.rdx = some_family;
    write_dr<0>(0), write_dr<1>(0), write_dr<2>(0), write_dr<3>(0);
    this_cpu().nested_stale = true;
    vcpu.initialised = true;
}

// Stock Xen takes what is right of it, and forgets the rest.
Result<> look_at_memory_types(const Domain& domain, const hvm_hw_mtrr& types) {
    const unsigned bits = physical_bits(domain);
    bool right = may_be_page_attributes(types.msr_pat_cr) && MemoryTypes::may_be_default(types.msr_mtrr_def_type) &&
                 (types.msr_mtrr_cap & 0xff) <= MemoryTypes::ranges;
    for (const std::uint64_t fixed : types.msr_mtrr_fixed) right = right && MemoryTypes::may_be_fixed(fixed);
    for (std::size_t at = 0; at < std::size(types.msr_mtrr_var); ++at)
        right = right && MemoryTypes::may_be_range(at % 2 != 0, types.msr_mtrr_var[at], bits);
    return right ? Result<>() : refuse(Error::invalid);
}

void set_memory_types(Vcpu& vcpu, const hvm_hw_mtrr& types) {
    HvmVcpu& hvm = of(vcpu);
    hvm.state().page_attributes = types.msr_pat_cr;
    std::ranges::copy(types.msr_mtrr_var, hvm.memory_types.range.begin());
    std::ranges::copy(types.msr_mtrr_fixed, hvm.memory_types.fixed.begin());
    hvm.memory_types.by_default = types.msr_mtrr_def_type;
}

Step<> Doors::set_context(Vcpu&, const vcpu_guest_context&, paging::Budget&) { return refuse(Error::not_supported); }

void Doors::get_context(const Vcpu& vcpu, vcpu_guest_context& context) {
    const GuestState& save = of(vcpu).state();
    const Registers& from = vcpu.registers;
    auto& to = context.user_regs;
    to.rbx = from.rbx, to.rcx = from.rcx, to.rdx = from.rdx, to.rsi = from.rsi, to.rdi = from.rdi, to.rbp = from.rbp;
    to.rax = from.rax, to.r8 = from.r8, to.r9 = from.r9, to.r10 = from.r10, to.r11 = from.r11;
    to.r12 = from.r12, to.r13 = from.r13, to.r14 = from.r14, to.r15 = from.r15;
    to.rip = save.rip, to.rsp = save.rsp, to.rflags = save.rflags;
    to.cs = save.cs.selector, to.ss = save.ss.selector, to.ds = save.ds.selector;
    to.es = save.es.selector, to.fs = save.fs.selector, to.gs = save.gs.selector;
    context.ctrlreg[0] = save.cr0, context.ctrlreg[2] = save.cr2, context.ctrlreg[3] = save.cr3,
    context.ctrlreg[4] = guest_cr4(of(vcpu));
    context.flags = vcpu.unit.is_up() ? VGCF_online : 0;
}

}   // namespace basalt::hvm
