// How large grant tables may become: what tools may wish for a domain, and what one has about which they say nothing.
#pragma once

#include <cstdint>

namespace basalt::grants {

struct Limits {
    std::uint32_t frames = 64;              // of its own table; both as many as Xen allows by default
    std::uint32_t mapping_frames = 1024;    // of its list of what it has mapped of others
};

// There is room for these and no more, whatever is wished.
inline constexpr Limits most_limits{.frames = 256, .mapping_frames = 4096};

// Chosen once, before there is a domain.
void choose_limits(const Limits& limits);
const Limits& limits();

}  // namespace basalt::grants
