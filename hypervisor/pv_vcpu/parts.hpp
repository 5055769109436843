// What a PV guest's vcpu is made of, each part a plain value.
#pragma once

#include <array>
#include <cstdint>

#include "schedule/time.hpp"

namespace basalt {

// An entry point in the guest's kernel. Address 0: none registered.
struct Callback {
    std::uint64_t address = 0;
    bool masks_events = false;   // CALLBACKF_mask_events
};

// One gate of the guest's virtual IDT; cs and address are checked when it is set.
struct TrapGate {
    std::uint64_t address = 0;
    std::uint16_t cs = 0;
    std::uint8_t privilege = 0;   // of `int n`: user mode needs 3, kernel mode at least 1
    bool masks_events = false;
};

// All the segment state that instructions of ring 3 can change behind our back.
struct Segments {
    std::uint16_t ds = 0, es = 0, fs = 0, gs = 0;
    std::uint64_t fs_base = 0;
    std::uint64_t gs_base_kernel = 0;   // of guest kernel mode; in user mode it waits in the CPU's KERNEL_GS_BASE
    std::uint64_t gs_base_user = 0;
};

struct DebugRegisters {
    std::array<std::uint64_t, 4> addresses{};   // DR0-3
    std::uint64_t status = 0xffff0ff0;          // DR6
    std::uint64_t control = 0x400;              // DR7
    std::uint64_t on_ports = 0;                 // of DR7: breakpoints on ports, which never reach the CPU

    // Only then are they in the CPU at all.
    constexpr bool any_on() const { return (control & 0xff) != 0; }
};

// Counter 2 of the 8254, emulated as far as calibration goes: one-shot, started by its gate or by its count.
struct TimerChannel {
    std::uint16_t count = 0;
    std::uint16_t latched = 0;
    std::uint8_t control = 0;            // port 0x61 bits 0 and 1: gate, speaker
    bool low_byte_next = true;           // of the count being written
    bool low_read_next = true;
    bool is_latched = false;
    Instant started = never;
};

}  // namespace basalt
