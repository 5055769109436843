// A segment's attributes in three hands. The records' `arbytes` are bits 40 to 47 and 52 to 55 of a descriptor, side by side,
// and so are the attributes of AMD's control block (APM 2 15.5.1): between these two there is nothing to convert. Intel's
// access rights (SDM 3C 24.4.1) leave four bits free between the two parts, and have one more for a segment that cannot be
// used.
#pragma once

#include <cstdint>

namespace basalt::records {

namespace attribute {
inline constexpr std::uint16_t type = 0xf;
inline constexpr std::uint16_t accessed = 1 << 0;   // of the type: code or data
inline constexpr std::uint16_t read_or_written = 1 << 1;   // code may be read, data written
inline constexpr std::uint16_t code = 1 << 3;
inline constexpr std::uint16_t code_or_data = 1 << 4;   // not a system segment
inline constexpr std::uint16_t privilege = 3 << 5;
inline constexpr std::uint16_t present = 1 << 7;
inline constexpr std::uint16_t available = 1 << 8;
inline constexpr std::uint16_t long_code = 1 << 9;
inline constexpr std::uint16_t wide = 1 << 10;   // D or B
inline constexpr std::uint16_t by_pages = 1 << 11;   // G
inline constexpr std::uint16_t all = 0xfff;
}   // namespace attribute

inline constexpr std::uint32_t unusable = 1 << 16;   // of access rights alone

// Access rights as attributes. What cannot be used is not present, and on AMD's it is that bit which says so.
constexpr std::uint16_t attributes_of_rights(std::uint32_t rights) {
    const auto attributes = static_cast<std::uint16_t>((rights & 0xff) | (rights >> 4 & 0xf00));
    return rights & unusable ? attributes & ~attribute::present : attributes;
}

// A record's. Old ones of Intel's hosts have access rights: there is nothing where the upper part should be, and something
// above.
constexpr std::uint16_t attributes_of(std::uint32_t arbytes) {
    if ((arbytes & 0xf000) != 0 && (arbytes & 0xf00) == 0) return attributes_of_rights(arbytes);
    return static_cast<std::uint16_t>(arbytes & attribute::all);
}

// VM entry wants the granularity that the limit has; AMD's processors do not look at it. The privilege stays where a segment
// cannot be used, too: that of SS is the CPL.
constexpr std::uint32_t rights_of(std::uint16_t attributes, std::uint32_t limit) {
    const std::uint32_t fine = attributes & attribute::all & ~attribute::by_pages;
    const std::uint32_t exact = limit >> 20 != 0 ? fine | attribute::by_pages : fine;
    return (exact & 0xff) | (exact & 0xf00) << 4 | (exact & attribute::present ? 0 : unusable);
}

static_assert(attributes_of(0xc9b) == 0xc9b && attributes_of(0xc09b) == 0xc9b && attributes_of(0x1'0000) == 0);
static_assert(rights_of(0xc9b, 0xffff'ffff) == 0xc09b && rights_of(0, 0) == unusable);

}   // namespace basalt::records
