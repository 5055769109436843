// The registers of a local APIC: Intel SDM volume 3, tables 11-1 and 11-6; AMD APM volume 2, chapter 16. A number is
// the offset in the page of an xAPIC, and sixteen times the distance of an x2APIC's MSR from the first.
#pragma once

#include <cstdint>

#include "apic/vectors.hpp"

namespace basalt::apic {

enum class Register : std::uint32_t {
    id = 0x20,
    version = 0x30,
    task_priority = 0x80,
    arbitration_priority = 0x90,
    processor_priority = 0xa0,
    end_of_interrupt = 0xb0,
    logical_destination = 0xd0,
    destination_format = 0xe0,
    spurious = 0xf0,
    in_service = 0x100,    // eight of them, as of the next two
    level_triggered = 0x180,
    requested = 0x200,
    error_status = 0x280,
    corrected_errors = 0x2f0,    // no entry of this version: reads as 0 and keeps nothing
    command_low = 0x300,
    command_high = 0x310,
    timer = 0x320,
    thermal = 0x330,
    performance = 0x340,
    local0 = 0x350,
    local1 = 0x360,
    error = 0x370,
    initial_count = 0x380,
    current_count = 0x390,
    divide = 0x3e0,
    self_interrupt = 0x3f0,    // x2APIC alone
};

inline constexpr std::uint32_t register_step = 0x10;
inline constexpr std::uint32_t registers_end = 0x400;
inline constexpr std::uint32_t first_msr = 0x800, last_msr = 0x83f;
inline constexpr std::uint32_t base_msr = 0x1b, tsc_deadline_msr = 0x6e0;
constexpr std::uint32_t msr_of(Register which) { return first_msr + static_cast<std::uint32_t>(which) / register_step; }
constexpr Register register_of(std::uint32_t msr) { return static_cast<Register>((msr - first_msr) * register_step); }

// Whether an access looks at the time: for any other it need not be read, and may be told as anything.
constexpr bool depends_on_time(Register which) {
    return which == Register::spurious || which == Register::timer || which == Register::initial_count ||
           which == Register::current_count || which == Register::divide;
}

// Six local entries, no suppression of EOI messages; as on Xen, which migrated guests have seen.
inline constexpr std::uint32_t version = 0x0005'0014;

// IA32_APIC_BASE (SDM 11.4.4, 11.12.1).
namespace base {
inline constexpr std::uint64_t first_processor = 1 << 8, extended = 1 << 10, enabled = 1 << 11;
inline constexpr std::uint64_t address = 0x000f'ffff'ffff'f000;
inline constexpr std::uint64_t at_reset = 0xfee0'0000 | enabled;
}  // namespace base

// Spurious-interrupt vector register (SDM 11.9).
namespace spurious {
inline constexpr std::uint32_t enabled = 1 << 8, no_focus_check = 1 << 9;
inline constexpr std::uint32_t kept = 0xff | enabled | no_focus_check;
inline constexpr std::uint32_t at_reset = 0xff;
}  // namespace spurious

// Entries of the local vector table (SDM 11.5.1). What the APIC alone writes, guests write back as they read it.
namespace entry {
inline constexpr unsigned count = 6;    // from `timer` on
inline constexpr std::uint32_t vector = 0xff, mode = 7 << 8, external = 7 << 8, pending = 1 << 12, polarity = 1 << 13,
                               remote_request = 1 << 14, level = 1 << 15, masked = 1 << 16, timer_mode = 3 << 17;
inline constexpr std::uint32_t read_only = pending | remote_request;

constexpr bool is(Register which) { return which >= Register::timer && which <= Register::error; }
constexpr unsigned index(Register which) {
    return (static_cast<std::uint32_t>(which) - static_cast<std::uint32_t>(Register::timer)) / register_step;
}
// What may be written into it.
constexpr std::uint32_t writable(Register which) {
    constexpr std::uint32_t every = vector | pending | masked;
    switch (which) {
        case Register::timer: return every | timer_mode;
        case Register::local0:
        case Register::local1: return every | mode | polarity | remote_request | level;
        case Register::error: return every;
        default: return every | mode;
    }
}
constexpr std::uint32_t kept(Register which) { return writable(which) & ~read_only; }
}  // namespace entry

// Interrupt command register, low word (SDM 11.6.1).
namespace command {
inline constexpr std::uint32_t vector = 0xff, mode = 7 << 8, logical = 1 << 11, assert = 1 << 14, level = 1 << 15,
                               shorthand = 3 << 18;
inline constexpr std::uint32_t kept = vector | mode | logical | assert | level | shorthand;
}  // namespace command

// Error status register (SDM 11.5.3).
namespace errors {
inline constexpr std::uint32_t sent_illegal_vector = 1 << 5, received_illegal_vector = 1 << 6;
inline constexpr std::uint32_t kept = sent_illegal_vector | received_illegal_vector;
}  // namespace errors

inline constexpr std::uint32_t divide_kept = 0xb;    // bits 0, 1 and 3
inline constexpr std::uint32_t narrow_id = 0xff00'0000;    // where an xAPIC's registers have an id
inline constexpr std::uint32_t format_fixed = 0x0fff'ffff, format_flat = 0xffff'ffff, format_cluster = format_fixed;

}  // namespace basalt::apic
