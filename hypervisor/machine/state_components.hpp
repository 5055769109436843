// How far each component of XCR0 reaches into the area of XSAVE, and which of them fit into the room there is for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace basalt {

// SDM 1 13.1, 13.4.3: 0 and 1, x87 and SSE, lie in the legacy region and the header behind it.
struct ComponentPlace {
    std::uint32_t offset = 0, size = 0;
    constexpr std::size_t end() const { return std::size_t{offset} + size; }
};
using ComponentPlaces = std::array<ComponentPlace, 8>;

namespace component {
inline constexpr std::uint64_t avx = 1 << 2;
inline constexpr std::uint64_t avx512 = 7 << 5;   // these three go together, and build on AVX
}  // namespace component

constexpr std::uint64_t components_that_fit(std::uint64_t wanted, const ComponentPlaces& places, std::size_t room) {
    for (std::size_t number = 2; number < places.size(); ++number) {
        const std::uint64_t bit = std::uint64_t{1} << number;
        if ((wanted & bit) == 0 || places[number].end() <= room) continue;
        wanted &= ~bit;
        if ((bit & component::avx512) != 0) wanted &= ~component::avx512;
        if (bit == component::avx) wanted &= ~component::avx512;
    }
    return wanted;
}

}  // namespace basalt
