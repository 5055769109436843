// Clocks of known rate, to measure the others by.
#pragma once

#include <cstdint>
#include <string_view>

#include "formats/bounded.hpp"

namespace basalt {

struct ReferenceClock {
    std::string_view name;
    std::uint64_t hz = 0;
    std::uint64_t mask = 0;              // of its width; it counts up and wraps
    std::uint64_t (*read)() = nullptr;
};

// Best first.
Bounded<ReferenceClock, 3> reference_clocks();

}  // namespace basalt
