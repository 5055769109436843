// Which flags and selectors a guest sees, and which it really runs with. Both its modes are ring 3 with interrupts on;
// its own interrupt flag is the upcall mask, its own privilege level the RPL of CS.
#pragma once

#include <cstdint>

#include "machine/registers.hpp"

namespace basalt::pv {

inline constexpr std::uint64_t ring_3 = 3;

// SDM 1 3.4.3: all that ring 3 with IOPL 0 may have.
inline constexpr std::uint64_t settable_flags = 0x0024'4dd5 | rflags::resume;

constexpr std::uint64_t real_flags(std::uint64_t wanted) {
    return (wanted & settable_flags) | rflags::interrupts | rflags::always;
}

// As an interrupt gate clears them (SDM 3A 6.12.1.3). AC too, as Xen does: alignment checks are not meant for a kernel.
constexpr std::uint64_t handler_flags(std::uint64_t interrupted) {
    return interrupted &
           ~(rflags::trap | rflags::nested_task | rflags::resume | rflags::virtual_8086 | rflags::alignment_check);
}

// In the frame of an entry. `iopl` is shown only to guests that asked for architectural IOPL.
constexpr std::uint64_t shown_flags(std::uint64_t real, bool upcalls_masked, unsigned iopl) {
    return (real & ~(rflags::interrupts | rflags::iopl)) | (upcalls_masked ? 0 : rflags::interrupts) |
           std::uint64_t{iopl} << 12;
}

// The upper half of the slot holds the upcall mask; kernel mode shows as ring 0.
constexpr std::uint64_t shown_cs(std::uint64_t real, bool from_kernel, bool upcalls_masked) {
    return ((from_kernel ? real & ~ring_3 : real) & 0xffff) | (upcalls_masked ? std::uint64_t{1} << 32 : 0);
}

static_assert((real_flags(~std::uint64_t{0}) & (rflags::iopl | rflags::virtual_8086 | rflags::virtual_interrupts)) == 0);
static_assert((real_flags(0) & rflags::interrupts) != 0);

}  // namespace basalt::pv
