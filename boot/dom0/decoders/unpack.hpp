// Kernels are unpacked by Debian's own static libraries: liblzma, zstd, zlib, lz4. They are start-up code:
// they use SSE registers, the red zone and FS, so they run with interrupts off, before any guest exists.
#pragma once

#include <cstddef>
#include <span>

#include "boot/dom0/kernel_image.hpp"

namespace basalt::dom0 {

// How much working memory a decoder needs at most; it is given as `scratch` and holds nothing afterwards.
std::size_t scratch_for(Packing packing);

// Fills `to` (exactly the payload's unpacked size) from the payload.
Started<> unpack(const Payload& payload, std::span<std::byte> to, std::span<std::byte> scratch);

}  // namespace basalt::dom0
