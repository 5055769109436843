// Numbers that the assembler needs, computed from the types themselves; the build turns this table into <offsets.h>.
// Nothing here is linked, so any room's layout may be included.
#include <cstddef>
#include <cstdint>

#include "abi/xen.hpp"
#include "machine/cpu.hpp"
#include "machine/entry.hpp"
#include "machine/registers.hpp"

namespace {

using namespace basalt;

struct Offset {
    char name[48];
    std::uint64_t value;
};

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
    {"R_RIP", offsetof(Registers, rip)},
    {"R_CS", offsetof(Registers, cs)},
    {"R_RFLAGS", offsetof(Registers, rflags)},
    {"R_RSP", offsetof(Registers, rsp)},
    {"R_SS", offsetof(Registers, ss)},
    {"R_SIZE", sizeof(Registers)},
    {"BY_SYSTEM_CALL", Registers::by_system_call},
    {"BY_COMPATIBLE_SYSTEM_CALL", Registers::by_compatible_system_call},
    {"WITHIN_NMI", Registers::within_nmi},
    {"GUEST_CS", FLAT_RING3_CS64},
    {"GUEST_CS_COMPATIBLE", FLAT_RING3_CS32},
    {"GUEST_SS", FLAT_RING3_SS64},

    {"CPU_BLOCK", layout::cpu_block_size},
    {"CPU_WORK", offsetof(Cpu, work)},
    {"CPU_UPCALL_BYTES", offsetof(Cpu, upcall_bytes)},
    {"CPU_RUNNING_REGISTERS", offsetof(Cpu, running_registers)},

    {"ENTRY_GUEST_STACK", offsetof(EntryData, guest_stack)},
    {"ENTRY_CPU_STACK", offsetof(EntryData, cpu_stack)},
    {"ENTRY_RSP0", offsetof(EntryData, task) + offsetof(TaskState, stacks)},
};
