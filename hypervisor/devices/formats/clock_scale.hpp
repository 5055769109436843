// From ticks of a counter to nanoseconds, in the form that Xen's pvclock publishes: shift, then multiply by a
// 32-bit fraction (<xen/xen.h>, vcpu_time_info: tsc_to_system_mul, tsc_shift).
#pragma once

#include <cstdint>

namespace basalt {

inline constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

struct ClockScale {
    std::uint32_t multiplier = 0;
    std::int8_t shift = 0;

    constexpr std::uint64_t nanoseconds(std::uint64_t ticks) const {
        const auto shifted = shift >= 0 ? ticks << shift : ticks >> -shift;
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(shifted) * multiplier) >> 32);
    }
    friend constexpr bool operator==(const ClockScale&, const ClockScale&) = default;
};

// The multiplier keeps its top bit, so that a scale is good to one part in 2^31.
constexpr ClockScale scale_of(std::uint64_t ticks_per_second) {
    if (ticks_per_second == 0) return {};
    std::int8_t shift = 0;
    for (auto rate = ticks_per_second; rate > 2 * nanoseconds_per_second; rate >>= 1) --shift;
    for (auto rate = ticks_per_second; rate <= nanoseconds_per_second; rate <<= 1) ++shift;
    const auto scaled = static_cast<unsigned __int128>(nanoseconds_per_second) << (32 - shift);
    return {static_cast<std::uint32_t>(scaled / ticks_per_second), shift};
}

constexpr std::uint64_t ticks_in(std::uint64_t nanoseconds, std::uint64_t ticks_per_second) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(nanoseconds) * ticks_per_second /
                                      nanoseconds_per_second);
}

// How often `ticks` would come in a second, when `reference_ticks` of a clock of known rate went by meanwhile.
constexpr std::uint64_t rate_of(std::uint64_t ticks, std::uint64_t reference_ticks, std::uint64_t reference_rate) {
    if (reference_ticks == 0) return 0;
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(ticks) * reference_rate / reference_ticks);
}

static_assert(scale_of(nanoseconds_per_second) == ClockScale{0x8000'0000, 1});
static_assert(scale_of(2'000'000'000).nanoseconds(2'000'000'000) == nanoseconds_per_second);

}  // namespace basalt
