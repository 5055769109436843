// What an entry into ring 0 saves. A vcpu holds one of these for its life: entries from ring 3 push straight into it,
// because RSP0 is its end. Entries from ring 0 push one onto the stack they were on.
#pragma once

#include <cstddef>
#include <cstdint>

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
    static constexpr std::uint64_t within_nmi = 0x103;   // a #MC that came while an NMI's stack is in use: own_stacks.S

    bool from_guest() const { return (cs & 3) != 0; }
    void return_by_iret() { vector = by_nothing; }
};

// A vcpu's. The gates are the same for every CPU, so what an entry from ring 3 has to know of its CPU lies where it
// lands.
struct VcpuRegisters : Registers {
    std::uint64_t cpu_stack = 0;   // where C++ starts on the CPU that runs the vcpu: entry.S finds it at R_SIZE

    std::uint64_t landing() const { return reinterpret_cast<std::uint64_t>(&cpu_stack); }   // RSP0
};
static_assert(sizeof(VcpuRegisters) == sizeof(Registers) + 16);

static_assert(sizeof(Registers) % 16 == 0);
static_assert(offsetof(Registers, ss) + 8 == sizeof(Registers));

namespace rflags {
inline constexpr std::uint64_t carry = 1 << 0;
inline constexpr std::uint64_t always = 1 << 1;
inline constexpr std::uint64_t trap = 1 << 8;
inline constexpr std::uint64_t interrupts = 1 << 9;
inline constexpr std::uint64_t direction = 1 << 10;
inline constexpr std::uint64_t iopl = 3 << 12;
inline constexpr std::uint64_t nested_task = 1 << 14;
inline constexpr std::uint64_t resume = 1 << 16;
inline constexpr std::uint64_t virtual_8086 = 1 << 17;
inline constexpr std::uint64_t alignment_check = 1 << 18;
inline constexpr std::uint64_t virtual_interrupts = 3 << 19;
inline constexpr std::uint64_t id = 1 << 21;
}  // namespace rflags

// SDM 3A table 6-1.
namespace vector {
inline constexpr std::uint64_t divide_error = 0;
inline constexpr std::uint64_t debug = 1;
inline constexpr std::uint64_t nmi = 2;
inline constexpr std::uint64_t breakpoint = 3;
inline constexpr std::uint64_t overflow = 4;
inline constexpr std::uint64_t bound = 5;
inline constexpr std::uint64_t invalid_opcode = 6;
inline constexpr std::uint64_t no_device = 7;
inline constexpr std::uint64_t double_fault = 8;
inline constexpr std::uint64_t invalid_tss = 10;
inline constexpr std::uint64_t no_segment = 11;
inline constexpr std::uint64_t stack_fault = 12;
inline constexpr std::uint64_t general_protection = 13;
inline constexpr std::uint64_t page_fault = 14;
inline constexpr std::uint64_t floating_point = 16;
inline constexpr std::uint64_t alignment_check = 17;
inline constexpr std::uint64_t machine_check = 18;
inline constexpr std::uint64_t simd = 19;

inline constexpr std::uint64_t first_external = 0x20;

// External vectors with a fixed meaning. Devices may use 0x30 to 0xef.
inline constexpr std::uint64_t timer = 0xfa;
inline constexpr std::uint64_t look_at_work = 0xfb;   // sent to a CPU whose work word has changed
inline constexpr std::uint64_t flush = 0xfc;          // sent to a CPU whose translations are wanted flushed
inline constexpr std::uint64_t local_error = 0xfe;
inline constexpr std::uint64_t spurious = 0xff;
}  // namespace vector

// Error code of a page fault. SDM 3A 4.7.
namespace page_fault_error {
inline constexpr std::uint64_t present = 1 << 0;
inline constexpr std::uint64_t write = 1 << 1;
inline constexpr std::uint64_t user = 1 << 2;
inline constexpr std::uint64_t reserved_bit = 1 << 3;
inline constexpr std::uint64_t fetch = 1 << 4;
}  // namespace page_fault_error

}  // namespace basalt
