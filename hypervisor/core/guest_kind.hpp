// The kinds of guest there are. Whoever asks by a `switch` over all of them is told by the compiler of a further one.
#pragma once

#include <cstdint>

namespace basalt {

enum class GuestKind : std::uint8_t {
    pv,    // its kernel is in ring 3, and its page tables hold machine frames
    hvm,   // hardware-assisted: its kernel is in ring 0 of a machine of its own (PVH, HVM)
};

}   // namespace basalt
