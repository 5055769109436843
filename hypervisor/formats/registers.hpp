// The registers of an interrupted program, as every entry into ring 0 saves them: machine/registers.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "formats/control_registers.hpp"

namespace basalt {

// In the order of the pushes, last first. SDM 3A 6.14.2: the CPU aligns RSP to 16 and pushes SS to the error code.
struct alignas(16) Registers {
    std::uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    std::uint64_t vector;       // of the exception or interrupt, or one of the marks below
    std::uint64_t error_code;   // 0 where the CPU pushes none
    std::uint64_t rip, cs, rflags, rsp, ss;

    // Came by SYSCALL: CS and SS are the flat ring 3 selectors, RCX and R11 were lost, and SYSRET may return. Whoever
    // gives a guest new CS, SS, RCX or R11, or flags that SYSRET does not take, calls return_by_iret().
    static constexpr std::uint64_t by_system_call = 0x100;
    static constexpr std::uint64_t by_compatible_system_call = 0x101;   // SYSCALL in 32-bit code: returns by IRET
    static constexpr std::uint64_t by_nothing = 0x102;
    static constexpr std::uint64_t in_svm_guest = 0x104;   // of a hardware-assisted guest, always: svm_enter.S has the way in
    static constexpr std::uint64_t in_vmx_guest = 0x105;   // the same: vmx_enter.S
    static constexpr std::uint64_t within_nmi = 0x103;   // a #MC that came while an NMI's stack is in use: own_stacks.S

    bool from_guest() const { return (cs & 3) != 0; }
    void return_by_iret() { vector = by_nothing; }
};
static_assert(sizeof(Registers) % 16 == 0);
static_assert(offsetof(Registers, ss) + 8 == sizeof(Registers));

}   // namespace basalt
