// Entering the guest's kernel at one of its registered places, with the frame that the Xen ABI lays out:
//
//     rcx r11 [ds es fs gs] [error code] rip cs|mask rflags rsp ss        lowest address first
//
// Kernels pop RCX and R11 first, so every such entry may be made by SYSRET.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "guests/pv/guest_flags.hpp"

namespace basalt::pv {

// What is known when the kernel is to be entered.
struct Interrupted {
    bool in_kernel;
    bool upcalls_masked;
    unsigned shown_iopl;
};

struct EntryFrame {
    static constexpr unsigned most_words = 12;
    std::array<std::uint64_t, most_words> words;
    unsigned count = 0;

    constexpr void push(std::uint64_t word) { words[count++] = word; }
    constexpr unsigned bytes() const { return count * 8; }
};

struct SelectorsWanted {
    std::uint16_t ds, es, fs, gs;
};

// The frame's words in ascending order of addresses.
constexpr EntryFrame entry_frame(const Registers& registers, Interrupted state,
                                 const std::optional<std::uint32_t>& error_code,
                                 const SelectorsWanted* selectors = nullptr) {
    EntryFrame frame;
    frame.push(registers.rcx);
    frame.push(registers.r11);
    if (selectors != nullptr) {
        frame.push(selectors->ds);
        frame.push(selectors->es);
        frame.push(selectors->fs);
        frame.push(selectors->gs);
    }
    if (error_code) frame.push(*error_code);
    frame.push(registers.rip);
    frame.push(shown_cs(registers.cs, state.in_kernel, state.upcalls_masked));
    frame.push(shown_flags(registers.rflags, state.upcalls_masked, state.shown_iopl));
    frame.push(registers.rsp);
    frame.push(registers.ss);
    return frame;
}

}  // namespace basalt::pv
