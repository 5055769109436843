// What this machine's CPUs can do, asked once. Every CPU must have what the first one has.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace basalt {

enum class Vendor : std::uint8_t { intel, amd, other };

// SDM 3A 2.5.
namespace cr4 {
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
}  // namespace cr4

namespace cr0 {
inline constexpr std::uint64_t protected_mode = 1 << 0;
inline constexpr std::uint64_t monitor_coprocessor = 1 << 1;
inline constexpr std::uint64_t emulation = 1 << 2;
inline constexpr std::uint64_t task_switched = 1 << 3;
inline constexpr std::uint64_t extension_type = 1 << 4;
inline constexpr std::uint64_t numeric_error = 1 << 5;
inline constexpr std::uint64_t write_protect = 1 << 16;
inline constexpr std::uint64_t alignment_mask = 1 << 18;
inline constexpr std::uint64_t paging = std::uint64_t{1} << 31;
}  // namespace cr0

// SDM 3A 2.2.1, APM 2 3.1.7.
namespace efer {
inline constexpr std::uint64_t system_calls = 1 << 0;
inline constexpr std::uint64_t long_mode = 1 << 8;
inline constexpr std::uint64_t long_mode_active = 1 << 10;
inline constexpr std::uint64_t no_execute = 1 << 11;
}  // namespace efer

// What every CPU runs with, whatever the firmware has left; CR0 beside TS, which is the running guest's.
inline constexpr std::uint64_t wanted_cr0 = cr0::paging | cr0::alignment_mask | cr0::write_protect | cr0::numeric_error |
                                            cr0::extension_type | cr0::monitor_coprocessor | cr0::protected_mode;
inline constexpr std::uint64_t wanted_efer = efer::system_calls | efer::long_mode | efer::long_mode_active | efer::no_execute;

struct Features {
    Vendor vendor = Vendor::other;
    bool emulated_by_tcg = false;
    unsigned physical_bits = 36;
    std::uint64_t cr4_wanted = 0;       // what every CPU runs with, beside what the running guest has chosen

    bool no_execute = false;
    bool gigabyte_pages = false;
    bool smep = false;
    bool smap = false;                  // present and used: under TCG, which gets ring 3 wrong, only if wanted
    bool umip = false;
    bool fsgsbase = false;
    bool pcid = false;
    bool xsave = false;
    bool xsaveopt = false;
    bool xsavec = false;
    bool x2apic = false;
    bool tsc_deadline = false;
    bool invariant_tsc = false;
    bool rdtscp = false;
    bool lfence_serialises = false;     // AMD: LFENCE waits for what is before it, always or because it was switched on
    bool machine_check = false;
    bool monitor = false;
    bool svm = false;
    bool vmx = false;
    std::uint64_t xsave_bits = 0;       // XCR0 as every CPU runs with
};

const Features& features();

// Once, by the first CPU. SMAP is on where it works, unless that is decided here.
void find_features(std::optional<bool> smap_wanted);
void switch_features_on();      // on every CPU: CR0, CR4, EFER, XCR0, LFENCE
void answer_smap_option(std::optional<bool> wanted);    // whoever asked for SMAP is told what came of that

// CR4 of this CPU, written only when it changes.
void set_cr4(std::uint64_t value);

}  // namespace basalt
