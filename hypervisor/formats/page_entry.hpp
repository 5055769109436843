// An entry of a page table as the processor reads it, at any of the four levels, and the way down to it. SDM 3A 4.5,
// tables 4-15 to 4-20.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/assert.hpp"
#include "core/number.hpp"

namespace basalt {

// Bits of an entry. Several of them together are its flags, or a mask.
namespace page_bit {
inline constexpr std::uint64_t present = 1 << 0;
inline constexpr std::uint64_t writable = 1 << 1;
inline constexpr std::uint64_t user = 1 << 2;
inline constexpr std::uint64_t write_through = 1 << 3;
inline constexpr std::uint64_t cache_disable = 1 << 4;
inline constexpr std::uint64_t accessed = 1 << 5;
inline constexpr std::uint64_t dirty = 1 << 6;
inline constexpr std::uint64_t large = 1 << 7;          // levels 2 to 4
inline constexpr std::uint64_t attribute = 1 << 7;      // level 1: PAT
inline constexpr std::uint64_t global = 1 << 8;
inline constexpr std::uint64_t available = 7 << 9;
inline constexpr std::uint64_t high_available = std::uint64_t{0x7ff} << 52;
inline constexpr std::uint64_t guest_kernel = std::uint64_t{1} << 52;    // Xen's: the guest had not set the user bit
inline constexpr std::uint64_t no_execute = std::uint64_t{1} << 63;
inline constexpr std::uint64_t frame = 0x000f'ffff'ffff'f000;
}    // namespace page_bit

class PageEntry {
public:
    constexpr PageEntry() = default;
    constexpr explicit PageEntry(std::uint64_t raw) : raw_(raw) {}
    static constexpr PageEntry of(Mfn mfn, std::uint64_t flags) { return PageEntry(physical_of(mfn) | flags); }

    constexpr std::uint64_t raw() const { return raw_; }
    constexpr bool present() const { return has(page_bit::present); }
    constexpr bool writable() const { return has(page_bit::writable); }
    constexpr bool has(std::uint64_t flags) const { return (raw_ & flags) == flags; }
    constexpr std::uint64_t flags() const { return raw_ & ~page_bit::frame; }
    constexpr Mfn mfn() const { return mfn_of(raw_ & page_bit::frame); }
    constexpr PageEntry with(std::uint64_t flags) const { return PageEntry(raw_ | flags); }
    constexpr PageEntry without(std::uint64_t flags) const { return PageEntry(raw_ & ~flags); }
    friend constexpr bool operator==(PageEntry, PageEntry) = default;

private:
    std::uint64_t raw_ = 0;
};
static_assert(sizeof(PageEntry) == sizeof(std::uint64_t));

inline constexpr unsigned entries_per_table = page_size / sizeof(PageEntry);

// Which of a table's entries an address leads to, and how much one entry of a level maps.
constexpr unsigned index_of(PageLevel level, std::uint64_t address) {
    return static_cast<unsigned>(address >> (page_shift + 9 * (level.raw - 1)) & (entries_per_table - 1));
}
constexpr std::uint64_t size_at(PageLevel level) { return std::uint64_t{page_size} << (9 * (level.raw - 1)); }
static_assert(index_of(root_level, 0xffff'8000'0000'0000) == 256 && index_of(leaf_level, 0x1000) == 1);

// Down the tables from `table`, which is one of `level`. `visit(table, level, index)` sees where the address leads in each, and
// says which table is next; no_mfn ends the walk. At level 1 it must.
template <typename Visit>
constexpr void walk_down(Mfn table, PageLevel level, std::uint64_t address, Visit&& visit) {
    while (table != no_mfn) {
        ASSERT(level >= leaf_level);
        table = visit(table, level, index_of(level, address));
        level = below(level);
    }
}

}   // namespace basalt
