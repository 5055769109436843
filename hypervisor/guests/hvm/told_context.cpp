// A vcpu as its records tell of it.
#include <algorithm>
#include <cstring>

#include "domain/domain.hpp"
#include "guests/hvm/control_registers.hpp"
#include "guests/hvm/context.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"
#include "machine/instructions.hpp"

namespace basalt::hvm {
namespace {

void tell_segments(hvm_hw_cpu& cpu, const GuestState& save) {
    const auto tell = [](const Segment& from, auto& selector, auto& attributes, auto& limit, auto& base) {
        selector = from.selector, attributes = from.attributes, limit = from.limit, base = from.base;
    };
    tell(save.cs, cpu.cs_sel, cpu.cs_arbytes, cpu.cs_limit, cpu.cs_base);
    tell(save.ds, cpu.ds_sel, cpu.ds_arbytes, cpu.ds_limit, cpu.ds_base);
    tell(save.es, cpu.es_sel, cpu.es_arbytes, cpu.es_limit, cpu.es_base);
    tell(save.fs, cpu.fs_sel, cpu.fs_arbytes, cpu.fs_limit, cpu.fs_base);
    tell(save.gs, cpu.gs_sel, cpu.gs_arbytes, cpu.gs_limit, cpu.gs_base);
    tell(save.ss, cpu.ss_sel, cpu.ss_arbytes, cpu.ss_limit, cpu.ss_base);
    tell(save.tr, cpu.tr_sel, cpu.tr_arbytes, cpu.tr_limit, cpu.tr_base);
    tell(save.ldtr, cpu.ldtr_sel, cpu.ldtr_arbytes, cpu.ldtr_limit, cpu.ldtr_base);
    cpu.gdtr_limit = save.gdtr.limit, cpu.gdtr_base = save.gdtr.base;
    cpu.idtr_limit = save.idtr.limit, cpu.idtr_base = save.idtr.base;
    constexpr unsigned privilege_shift = 5;   // SS's is the CPL, whatever is left of the segment (APM 2 15.5.1)
    constexpr std::uint32_t privilege = 3 << privilege_shift;
    cpu.ss_arbytes = (cpu.ss_arbytes & ~privilege) | std::uint32_t{save.cpl} << privilege_shift;
}

void tell_general(hvm_hw_cpu& cpu, const Registers& from, const GuestState& save) {
    cpu.rax = save.rax, cpu.rsp = save.rsp;
    cpu.rbx = from.rbx, cpu.rcx = from.rcx, cpu.rdx = from.rdx, cpu.rbp = from.rbp, cpu.rsi = from.rsi, cpu.rdi = from.rdi;
    cpu.r8 = from.r8, cpu.r9 = from.r9, cpu.r10 = from.r10, cpu.r11 = from.r11;
    cpu.r12 = from.r12, cpu.r13 = from.r13, cpu.r14 = from.r14, cpu.r15 = from.r15;
}

void tell_special(hvm_hw_cpu& cpu, const GuestState& save) {
    cpu.rip = save.rip, cpu.rflags = save.rflags;
    cpu.cr0 = save.cr0, cpu.cr2 = save.cr2, cpu.cr3 = save.cr3;
    cpu.dr6 = save.dr6, cpu.dr7 = save.dr7;
    cpu.msr_efer = save.efer & ~efer::svm;
    cpu.msr_star = save.star, cpu.msr_lstar = save.lstar, cpu.msr_cstar = save.cstar, cpu.msr_syscall_mask = save.syscall_mask;
    cpu.sysenter_cs = save.sysenter_cs, cpu.sysenter_esp = save.sysenter_esp, cpu.sysenter_eip = save.sysenter_eip;
    cpu.shadow_gs = save.gs_base_behind_swap;
}

}   // namespace

hvm_hw_cpu told_cpu(const Vcpu& vcpu) {
    const HvmVcpu& hvm = of(vcpu);
    hvm_hw_cpu cpu{};
    tell_segments(cpu, hvm.state());
    tell_general(cpu, vcpu.registers, hvm.state());
    tell_special(cpu, hvm.state());
    cpu.cr4 = guest_cr4(hvm);
    cpu.dr0 = hvm.debug_addresses[0], cpu.dr1 = hvm.debug_addresses[1];
    cpu.dr2 = hvm.debug_addresses[2], cpu.dr3 = hvm.debug_addresses[3];
    std::memcpy(cpu.fpu_regs, hvm.fpu.data(), sizeof(cpu.fpu_regs));
    cpu.flags = XEN_X86_FPU_INITIALISED;
    cpu.msr_tsc_aux = hvm.tsc_aux;
    cpu.tsc = read_tsc();
    const std::uint64_t event = hvm.vmcb.control.event.raw;   // as the record has it: APM 2 15.20
    cpu.pending_event = static_cast<std::uint32_t>(event), cpu.error_code = static_cast<std::uint32_t>(event >> 32);
    return cpu;
}

hvm_hw_mtrr told_memory_types(const Vcpu& vcpu) {
    const HvmVcpu& hvm = of(vcpu);
    hvm_hw_mtrr told{.msr_pat_cr = hvm.state().page_attributes,
                     .msr_mtrr_cap = MemoryTypes::capabilities,
                     .msr_mtrr_def_type = hvm.memory_types.by_default};
    std::ranges::copy(hvm.memory_types.range, told.msr_mtrr_var);
    std::ranges::copy(hvm.memory_types.fixed, told.msr_mtrr_fixed);
    return told;
}

}   // namespace basalt::hvm
