// Memory types by ranges (MTRRs), as a guest's processor has them: kept and told. What its memory is like follows from its page
// tables and PAT alone, for nothing but RAM is behind its addresses. SDM 3A 12.11; APM 2 7.7.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace basalt {

struct MemoryTypes {
    static constexpr std::size_t ranges = 8;
    // Write-combining, fixed ranges.
    static constexpr std::uint64_t capabilities = 1 << 10 | 1 << 8 | ranges;
    static constexpr std::uint32_t capabilities_number = 0xfe, first_range = 0x200, default_number = 0x2ff;
    static constexpr std::array<std::uint16_t, 11> fixed_numbers{0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
                                                                 0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

    std::array<std::uint64_t, 2 * ranges> range{};   // base and mask of each
    std::array<std::uint64_t, fixed_numbers.size()> fixed{};
    std::uint64_t by_default = 0;   // and whether ranges count: FE, E

    bool operator==(const MemoryTypes&) const = default;

    static constexpr bool is_type(std::uint64_t type) {
        constexpr unsigned types = 0b111'0011;   // UC, WC, WT, WP, WB
        return type < 8 && (types >> type & 1) != 0;
    }
    static constexpr bool may_be_fixed(std::uint64_t value) {
        for (unsigned shift = 0; shift < 64; shift += 8)
            if (!is_type(value >> shift & 0xff)) return false;
        return true;
    }
    static constexpr bool may_be_default(std::uint64_t value) {
        return (value & ~std::uint64_t{0xcff}) == 0 && is_type(value & 0xff);
    }
    // Xen asks for a type in the mask as well, where the bits are reserved: 0 alone is both.
    static constexpr bool may_be_range(bool mask, std::uint64_t value, unsigned physical_bits) {
        const std::uint64_t reserved = (mask ? 0x7ff : 0xf00) | ~std::uint64_t{0} << physical_bits;
        return (value & reserved) == 0 && is_type(value & 0xff);
    }

    constexpr std::optional<std::uint64_t> read(std::uint32_t number) const {
        if (number - first_range < range.size()) return range[number - first_range];
        if (number == capabilities_number) return capabilities;
        if (number == default_number) return by_default;
        for (std::size_t at = 0; at < fixed.size(); ++at)
            if (fixed_numbers[at] == number) return fixed[at];
        return std::nullopt;
    }
    // False: #GP, and nothing is changed.
    [[nodiscard]] constexpr bool write(std::uint32_t number, std::uint64_t value, unsigned physical_bits) {
        if (number - first_range < range.size()) {
            const std::uint32_t at = number - first_range;
            if (!may_be_range(at % 2 != 0, value, physical_bits)) return false;
            range[at] = value;
            return true;
        }
        if (number == default_number) {
            if (!may_be_default(value)) return false;
            by_default = value;
            return true;
        }
        for (std::size_t at = 0; at < fixed.size(); ++at) {
            if (fixed_numbers[at] != number) continue;
            if (!may_be_fixed(value)) return false;
            fixed[at] = value;
            return true;
        }
        return false;
    }
};

// PAT has the same types, and UC- (SDM 3A 12.12.4).
constexpr bool may_be_page_attributes(std::uint64_t value) {
    constexpr std::uint64_t uncached_minus = 7;
    for (unsigned shift = 0; shift < 64; shift += 8)
        if (const std::uint64_t type = value >> shift & 0xff; type != uncached_minus && !MemoryTypes::is_type(type))
            return false;
    return true;
}

}   // namespace basalt
