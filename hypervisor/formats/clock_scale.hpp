// From counts at one rate to counts at another, in the form that Xen's pvclock publishes: shift, then multiply by a
// 32-bit fraction (<xen/xen.h>, vcpu_time_info: tsc_shift, tsc_to_system_mul).
#pragma once

#include <cstdint>

namespace basalt {

inline constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

// Long division, for start-up: there is no library below that divides 128 bits.
constexpr std::uint64_t divided(unsigned __int128 number, std::uint64_t by) {
    unsigned __int128 rest = 0;
    std::uint64_t quotient = 0;
    for (int bit = 127; bit >= 0; --bit) {
        rest = rest << 1 | (number >> bit & 1);
        quotient <<= 1;
        if (rest < by) continue;
        rest -= by;
        quotient |= 1;
    }
    return quotient;
}

struct ClockScale {
    std::uint32_t multiplier = 0;
    std::int8_t shift = 0;

    constexpr std::uint64_t apply(std::uint64_t count) const {
        const auto shifted = shift >= 0 ? count << shift : count >> -shift;
        return static_cast<std::uint64_t>((static_cast<unsigned __int128>(shifted) * multiplier) >> 32);
    }
    friend constexpr bool operator==(const ClockScale&, const ClockScale&) = default;
};

// The multiplier keeps its top bit, so that a scale is good to one part in 2^31. It rounds down: never too late.
constexpr ClockScale scale_between(std::uint64_t from_rate, std::uint64_t to_rate) {
    if (from_rate == 0 || to_rate == 0) return {};
    std::int8_t shift = 0;
    for (auto rate = from_rate; rate > 2 * to_rate; rate >>= 1) --shift;
    for (auto rate = from_rate; rate <= to_rate; rate <<= 1) ++shift;
    const auto scaled = static_cast<unsigned __int128>(to_rate) << (32 - shift);
    return {static_cast<std::uint32_t>(divided(scaled, from_rate)), shift};
}
constexpr ClockScale scale_of(std::uint64_t ticks_per_second) {
    return scale_between(ticks_per_second, nanoseconds_per_second);
}

// What a timer is told of a deadline, both in nanoseconds of the same clock: one that is further off than `longest` is brought
// nearer, so that counts computed from it fit into 64 bits. Guests choose deadlines up to the last there is.
constexpr std::uint64_t brought_nearer(std::uint64_t deadline, std::uint64_t now, std::uint64_t longest) {
    return deadline > now && deadline - now > longest ? now + longest : deadline;
}

// How often `ticks` would come in a second, when `reference_ticks` of a clock of known rate went by meanwhile.
constexpr std::uint64_t rate_of(std::uint64_t ticks, std::uint64_t reference_ticks, std::uint64_t reference_rate) {
    if (reference_ticks == 0) return 0;
    return divided(static_cast<unsigned __int128>(ticks) * reference_rate, reference_ticks);
}

static_assert(scale_of(nanoseconds_per_second) == ClockScale{0x8000'0000, 1});
static_assert(scale_of(2'000'000'000).apply(2'000'000'000) == nanoseconds_per_second);
static_assert(scale_between(nanoseconds_per_second, 3'000'000'000).apply(1'000'000) >= 2'999'999);

}  // namespace basalt
