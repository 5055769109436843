// Interrupt routing words: an IO-APIC redirection entry (82093AA datasheet 3.2.4) and an MSI message (Intel SDM
// volume 3, 11.11). Destinations are physical APIC ids of 8 bits; more needs interrupt remapping.
#pragma once

#include <cstdint>

namespace basalt {

struct Redirection {
    std::uint8_t vector = 0;
    std::uint8_t destination = 0;
    bool level = false;
    bool active_low = false;
    bool masked = true;

    constexpr std::uint64_t word() const {
        return std::uint64_t{vector} | std::uint64_t{active_low} << 13 | std::uint64_t{level} << 15 |
               std::uint64_t{masked} << 16 | std::uint64_t{destination} << 56;
    }
    static constexpr Redirection of(std::uint64_t word) {
        return {.vector = static_cast<std::uint8_t>(word),
                .destination = static_cast<std::uint8_t>(word >> 56),
                .level = (word & (1 << 15)) != 0,
                .active_low = (word & (1 << 13)) != 0,
                .masked = (word & (1 << 16)) != 0};
    }
    friend constexpr bool operator==(const Redirection&, const Redirection&) = default;
};
static_assert(Redirection::of(0x0100'0000'0001'a031).word() == 0x0100'0000'0001'a031);

struct MsiMessage {
    std::uint32_t address = 0;
    std::uint32_t data = 0;
    friend constexpr bool operator==(const MsiMessage&, const MsiMessage&) = default;
};
// Fixed delivery, edge, physical destination.
constexpr MsiMessage msi_message(std::uint8_t vector, std::uint8_t destination) {
    return {0xfee0'0000 | std::uint32_t{destination} << 12, vector};
}
static_assert(msi_message(0x41, 3) == MsiMessage{0xfee0'3000, 0x41});

}  // namespace basalt
