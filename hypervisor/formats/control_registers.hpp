// What the bits of the registers mean that say how a processor works, and which addresses it takes: the machine's CPUs, and
// guests' vcpus.
#pragma once

#include <cstdint>

namespace basalt {

// SDM 3A 2.5.
namespace cr4 {
inline constexpr std::uint64_t virtual_8086 = 1 << 0;
inline constexpr std::uint64_t virtual_interrupts = 1 << 1;
inline constexpr std::uint64_t no_tsc = 1 << 2;
inline constexpr std::uint64_t debug_extensions = 1 << 3;
inline constexpr std::uint64_t page_size_extensions = 1 << 4;
inline constexpr std::uint64_t physical_extension = 1 << 5;
inline constexpr std::uint64_t machine_check = 1 << 6;
inline constexpr std::uint64_t global_pages = 1 << 7;
inline constexpr std::uint64_t performance_counters = 1 << 8;
inline constexpr std::uint64_t fxsave = 1 << 9;
inline constexpr std::uint64_t simd_exceptions = 1 << 10;
inline constexpr std::uint64_t umip = 1 << 11;
inline constexpr std::uint64_t la57 = 1 << 12;
inline constexpr std::uint64_t vmx = 1 << 13;
inline constexpr std::uint64_t fsgsbase = 1 << 16;
inline constexpr std::uint64_t pcid = 1 << 17;
inline constexpr std::uint64_t xsave = 1 << 18;
inline constexpr std::uint64_t smep = 1 << 20;
inline constexpr std::uint64_t smap = 1 << 21;
inline constexpr std::uint64_t protection_keys = 1 << 22;
}    // namespace cr4

namespace cr0 {
inline constexpr std::uint64_t protected_mode = 1 << 0;
inline constexpr std::uint64_t monitor_coprocessor = 1 << 1;
inline constexpr std::uint64_t emulation = 1 << 2;
inline constexpr std::uint64_t task_switched = 1 << 3;
inline constexpr std::uint64_t extension_type = 1 << 4;
inline constexpr std::uint64_t numeric_error = 1 << 5;
inline constexpr std::uint64_t write_protect = 1 << 16;
inline constexpr std::uint64_t alignment_mask = 1 << 18;
inline constexpr std::uint64_t not_write_through = 1 << 29;
inline constexpr std::uint64_t cache_disable = 1 << 30;
inline constexpr std::uint64_t paging = std::uint64_t{1} << 31;
}    // namespace cr0

// SDM 3A 2.2.1, APM 2 3.1.7.
namespace efer {
inline constexpr std::uint64_t system_calls = 1 << 0;
inline constexpr std::uint64_t long_mode = 1 << 8;
inline constexpr std::uint64_t long_mode_active = 1 << 10;
inline constexpr std::uint64_t no_execute = 1 << 11;
inline constexpr std::uint64_t svm = 1 << 12;
}    // namespace efer

// SDM 3A 2.3.
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
}    // namespace rflags

// Linear addresses have 48 bits, and above them what the highest of these is. SDM 1 3.3.7.1.
constexpr bool is_canonical(std::uint64_t address) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 16) >> 16) == address;
}

}   // namespace basalt
