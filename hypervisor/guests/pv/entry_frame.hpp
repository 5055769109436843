// Entering the guest's kernel at one of its registered places, with the frame that the Xen ABI lays out:
//
//     rcx r11 [ds es fs gs] [error code] rip cs|mask rflags rsp ss        lowest address first
//
// Kernels pop RCX and R11 first, so every such entry may be made by SYSRET.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "guests/pv/guest_flags.hpp"

namespace basalt::pv {

// What is known when the kernel is to be entered.
struct Interrupted {
    bool in_kernel;
    bool upcalls_masked;
    unsigned shown_iopl;
};

// Its length is known while compiling, so that a system call writes seven words and nothing else. `between`: what
// lies between R11 and RIP.
template <std::size_t between>
using EntryFrame = std::array<std::uint64_t, 7 + between>;

using Nothing = std::array<std::uint64_t, 0>;
using ErrorCode = std::array<std::uint64_t, 1>;
using DataSelectors = std::array<std::uint64_t, 4>;   // ds, es, fs, gs

template <std::size_t between>
constexpr EntryFrame<between> entry_frame(const Registers& registers, Interrupted state,
                                          const std::array<std::uint64_t, between>& extra) {
    return [&]<std::size_t... index>(std::index_sequence<index...>) {
        return EntryFrame<between>{registers.rcx,
                                   registers.r11,
                                   extra[index]...,
                                   registers.rip,
                                   shown_cs(registers.cs, state.in_kernel, state.upcalls_masked),
                                   shown_flags(registers.rflags, state.upcalls_masked, state.shown_iopl),
                                   registers.rsp,
                                   registers.ss};
    }(std::make_index_sequence<between>{});
}

}  // namespace basalt::pv
