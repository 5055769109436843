// What an entry into ring 0 saves (formats/registers.hpp), and why it came. A vcpu holds one of these for its life: entries
// from ring 3 push straight into it, because RSP0 is its end. Entries from ring 0 push one onto the stack they were on.
#pragma once

#include <cstdint>

#include "formats/registers.hpp"

namespace basalt {

// A vcpu's. The gates are the same for every CPU, so what an entry from ring 3 has to know of its CPU lies where it
// lands.
struct VcpuRegisters : Registers {
    std::uint64_t cpu_stack = 0;   // where C++ starts on the CPU that runs the vcpu: entry.S finds it at R_SIZE

    std::uint64_t landing() const { return reinterpret_cast<std::uint64_t>(&cpu_stack); }   // RSP0
};
static_assert(sizeof(VcpuRegisters) == sizeof(Registers) + 16);

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
