// The vector and floating-point registers belong to the guest. Basalt uses none; it saves and restores them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace basalt {

// 64-aligned memory of this size for each vcpu; SDM 1 13.4 (XSAVE), 10.5 (FXSAVE). There is room for so much, and
// find_features() leaves out components of XCR0 that would reach beyond it.
std::size_t fpu_area_size();
inline constexpr std::size_t fpu_area_room = 2752;
inline constexpr std::size_t fpu_area_alignment = 64;
inline constexpr std::size_t fpu_legacy_bytes = 512;   // its first part

// As after reset: FCW 0x37f, MXCSR 0x1f80, all components in their initial state.
void fpu_initialise(std::byte* area);

// x87 and SSE as FXSAVE stores them, from anybody: `image` may be anything. The other components stay as they are.
void fpu_take_legacy(std::byte* area, std::span<const std::byte, fpu_legacy_bytes> image);

// CR0.TS must be clear on this CPU: see set_task_switched. Nothing of the registers before is left by a restore.
void fpu_save(std::byte* area);
void fpu_restore(const std::byte* area);

// CR0.TS as the running guest sees it (fpu_taskswitch), written only when it changes.
void set_task_switched(bool set);

// XCR0 as the guest chose it; the area is always saved with every bit of features().xsave_bits.
void set_xcr0(std::uint64_t value);

}  // namespace basalt
