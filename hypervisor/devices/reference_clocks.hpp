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

    // Of two readings less than one turn apart.
    constexpr std::uint64_t ticks_between(std::uint64_t begin, std::uint64_t end) const { return (end - begin) & mask; }
};

// Best first.
Bounded<ReferenceClock, 3> reference_clocks();

}  // namespace basalt
