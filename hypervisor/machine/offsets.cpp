// Numbers that the assembler needs, computed from the types themselves; the build turns this table into <offsets.h>.
// Nothing here is linked, so any room's layout may be included.
#include <cstddef>
#include <cstdint>

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "guests/pv/guest_flags.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"
#include "machine/cpu.hpp"
#include "machine/entry.hpp"
#include "machine/registers.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace {

using namespace basalt;

struct Offset {
    char name[48];
    std::uint64_t value;
};

// The standard promises this of simple classes alone, the compiler of these as well.
#pragma clang diagnostic ignored "-Winvalid-offsetof"

// From a PV vcpu's Registers, where entry paths come to.
static_assert(no_mfn.raw == ~std::uint64_t{0});   // short_ways.S says -1
static_assert(offsetof(PvVcpu, registers) < offsetof(PvVcpu, in_kernel));
constexpr std::size_t page_fault_gate = vector::page_fault * sizeof(TrapGate);
constexpr std::uint64_t from_registers(std::size_t in_vcpu) { return in_vcpu - offsetof(PvVcpu, registers); }

}  // namespace

[[gnu::used]] constexpr Offset offsets[] = {
    {"OFFSETS_ROW_BYTES", sizeof(Offset)},

    {"R_R15", offsetof(Registers, r15)},
    {"R_R14", offsetof(Registers, r14)},
    {"R_R13", offsetof(Registers, r13)},
    {"R_R12", offsetof(Registers, r12)},
    {"R_RBP", offsetof(Registers, rbp)},
    {"R_RBX", offsetof(Registers, rbx)},
    {"R_R11", offsetof(Registers, r11)},
    {"R_R10", offsetof(Registers, r10)},
    {"R_R9", offsetof(Registers, r9)},
    {"R_R8", offsetof(Registers, r8)},
    {"R_RAX", offsetof(Registers, rax)},
    {"R_RCX", offsetof(Registers, rcx)},
    {"R_RDX", offsetof(Registers, rdx)},
    {"R_RSI", offsetof(Registers, rsi)},
    {"R_RDI", offsetof(Registers, rdi)},
    {"R_VECTOR", offsetof(Registers, vector)},
    {"R_ERROR_CODE", offsetof(Registers, error_code)},
    {"R_RIP", offsetof(Registers, rip)},
    {"R_CS", offsetof(Registers, cs)},
    {"R_RFLAGS", offsetof(Registers, rflags)},
    {"R_RSP", offsetof(Registers, rsp)},
    {"R_SS", offsetof(Registers, ss)},
    {"R_SIZE", sizeof(Registers)},
    {"BY_NOTHING", Registers::by_nothing},
    {"BY_SYSTEM_CALL", Registers::by_system_call},
    {"BY_COMPATIBLE_SYSTEM_CALL", Registers::by_compatible_system_call},
    {"WITHIN_NMI", Registers::within_nmi},
    {"IN_SVM_GUEST", Registers::in_svm_guest},
    {"IN_VMX_GUEST", Registers::in_vmx_guest},
    {"GUEST_CS", FLAT_RING3_CS64},
    {"GUEST_CS_COMPATIBLE", FLAT_RING3_CS32},
    {"GUEST_SS", FLAT_RING3_SS64},

    {"CPU_BLOCK", layout::cpu_block_size},
    {"CPU_WORK", offsetof(Cpu, work)},
    {"CPU_UPCALL_BYTES", offsetof(Cpu, upcall_bytes)},
    {"CPU_RUNNING_REGISTERS", offsetof(Cpu, running_registers)},
    {"CPU_ROOT", offsetof(Cpu, root)},
    {"CPU_HOST_STATE", offsetof(Cpu, host_state)},
    {"CPU_FLUSHED_AT", offsetof(Cpu, translations) + offsetof(CpuTranslations, flushed_at)},

    {"ENTRY_GUEST_STACK", offsetof(EntryData, guest_stack)},
    {"ENTRY_CPU_STACK", offsetof(EntryData, cpu_stack)},
    {"ENTRY_RSP0", offsetof(EntryData, task) + offsetof(TaskState, stacks)},

    {"V_DOMAIN", from_registers(offsetof(PvVcpu, domain))},
    {"V_IN_KERNEL", from_registers(offsetof(PvVcpu, in_kernel))},
    {"V_NMI_MASKED", from_registers(offsetof(PvVcpu, nmi_masked))},
    {"V_KERNEL_SP", from_registers(offsetof(PvVcpu, kernel_sp))},
    {"V_KERNEL_ROOT", from_registers(offsetof(PvVcpu, kernel_root))},
    {"V_USER_ROOT", from_registers(offsetof(PvVcpu, user_root))},
    {"V_SYSCALL", from_registers(offsetof(PvVcpu, syscall) + offsetof(Callback, address))},
    {"V_SYSCALL_MASKS_EVENTS", from_registers(offsetof(PvVcpu, syscall) + offsetof(Callback, masks_events))},
    {"V_PAGE_FAULT", from_registers(offsetof(PvVcpu, traps) + page_fault_gate + offsetof(TrapGate, address))},
    {"V_PAGE_FAULT_MASKS_EVENTS", from_registers(offsetof(PvVcpu, traps) + page_fault_gate + offsetof(TrapGate, masks_events))},
    {"V_CONTROL_BLOCK", offsetof(HvmVcpu, control_block) - offsetof(HvmVcpu, registers)},
    {"DOMAIN_ASSISTS", offsetof(Domain, assists)},
    {"ARCHITECTURAL_IOPL", 1 << VMASST_TYPE_architectural_iopl},

    {"INFO_PENDING", offsetof(vcpu_info, evtchn_upcall_pending)},
    {"INFO_MASK", offsetof(vcpu_info, evtchn_upcall_mask)},
    {"INFO_CR2", offsetof(vcpu_info, arch.cr2)},

    {"CALL_IRET", __HYPERVISOR_iret},
    {"IRET_RAX", offsetof(iret_context, rax)},
    {"IRET_R11", offsetof(iret_context, r11)},
    {"IRET_RCX", offsetof(iret_context, rcx)},
    {"IRET_FLAGS", offsetof(iret_context, flags)},
    {"IRET_RIP", offsetof(iret_context, rip)},
    {"IRET_CS", offsetof(iret_context, cs)},
    {"IRET_RFLAGS", offsetof(iret_context, rflags)},
    {"IRET_RSP", offsetof(iret_context, rsp)},
    {"IRET_SS", offsetof(iret_context, ss)},
    {"IRET_SIZE", sizeof(iret_context)},
    {"IN_SYSCALL", VGCF_in_syscall},
    {"USER_CS_COMPATIBLE", FLAT_USER_CS32},

    {"FLAG_INTERRUPTS", rflags::interrupts},
    {"FLAG_DIRECTION", rflags::direction},
    {"FLAGS_OF_USER", pv::settable_flags},
    {"FLAGS_ALWAYS", pv::real_flags(0)},
    {"FLAGS_NOT_IN_HANDLER", ~pv::handler_flags(~std::uint64_t{0})},
};
