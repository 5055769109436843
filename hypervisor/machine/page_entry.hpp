// One entry of an x86-64 page table. SDM 3A 4.5, tables 4-15 to 4-20.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/layout.hpp"
#include "core/number.hpp"

namespace basalt {

using PageEntry = std::uint64_t;

namespace page_bit {
inline constexpr PageEntry present = 1 << 0;
inline constexpr PageEntry writable = 1 << 1;
inline constexpr PageEntry user = 1 << 2;
inline constexpr PageEntry write_through = 1 << 3;
inline constexpr PageEntry cache_disable = 1 << 4;
inline constexpr PageEntry accessed = 1 << 5;
inline constexpr PageEntry dirty = 1 << 6;
inline constexpr PageEntry large = 1 << 7;
inline constexpr PageEntry attribute = 1 << 7;          // PAT of a 4 KiB page
inline constexpr PageEntry global = 1 << 8;
inline constexpr PageEntry large_attribute = 1 << 12;   // PAT of a larger one
inline constexpr PageEntry no_execute = PageEntry{1} << 63;
}  // namespace page_bit

inline constexpr PageEntry page_address_mask = 0x000f'ffff'ffff'f000;

// Our own mappings. Accessed and dirty are set beforehand, so that the CPU writes nothing. They are global: a CR3 load
// keeps them. Guests' entries must not be global, for a CR3 load is how Basalt flushes those.
namespace rights {
inline constexpr PageEntry table =
    page_bit::present | page_bit::writable | page_bit::accessed;
inline constexpr PageEntry guest_table = table | page_bit::user;
inline constexpr PageEntry read =
    page_bit::present | page_bit::accessed | page_bit::dirty | page_bit::global | page_bit::no_execute;
inline constexpr PageEntry write = read | page_bit::writable;
inline constexpr PageEntry execute = read & ~page_bit::no_execute;
inline constexpr PageEntry guest_read = (read | page_bit::user) & ~page_bit::global;
}  // namespace rights

// The page attribute table is Xen's, which PV guests know: WB WT UC- UC WC WP UC UC. xen/arch-x86: "PAT" in XEN_CPUID.
inline constexpr std::uint64_t page_attribute_table = 0x0000'0501'0007'0406;
enum class Caching : std::uint64_t {
    write_back = 0,
    uncached = page_bit::cache_disable | page_bit::write_through,
    write_combining = page_bit::attribute,
};

constexpr Mfn frame_of(PageEntry entry) { return mfn_of(entry & page_address_mask); }
constexpr PageEntry entry_for(Mfn mfn, PageEntry bits) { return physical_of(mfn) | bits; }

// Level 4 is the root, 1 holds 4 KiB pages.
constexpr unsigned index_at(unsigned level, std::uint64_t address) {
    return static_cast<unsigned>(address >> (page_shift + 9 * (level - 1)) & 511);
}
constexpr std::uint64_t size_at(unsigned level) { return std::uint64_t{page_size} << (9 * (level - 1)); }

inline PageEntry* table_at(Mfn mfn) { return static_cast<PageEntry*>(layout::direct(mfn)); }

}  // namespace basalt
