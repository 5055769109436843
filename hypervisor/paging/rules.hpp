// Which entries a guest may write, and how they are stored. All PV guests' code runs in ring 3, so every
// stored entry has the user bit; one whose guest had not set it is marked (bit 52), as Xen marks it. No guest
// entry is global: loading CR3 is how Basalt flushes them.
#pragma once

#include <cstdint>

#include "core/layout.hpp"
#include "formats/page_entry.hpp"

namespace basalt::paging {

inline constexpr std::uint64_t cache_bits = page_bit::write_through | page_bit::cache_disable | page_bit::attribute;

// Bits that make a present entry invalid. Cache attributes are for a domain that drives devices; large pages
// for nobody.
constexpr std::uint64_t refused_bits(PageLevel level, bool hardware, std::uint64_t limits) {
    if (level == leaf_level) return limits | (hardware ? 0 : cache_bits);
    return limits | page_bit::write_through | page_bit::cache_disable | page_bit::large | page_bit::global;
}

constexpr bool permitted(PageLevel level, PageEntry entry, bool hardware, std::uint64_t limits) {
    return (entry.raw() & refused_bits(level, hardware, limits)) == 0;
}

constexpr PageEntry stored(PageLevel level, PageEntry entry) {
    if (!entry.present()) return entry;
    if (level > leaf_level) return entry.with(page_bit::user);
    if (!entry.has(page_bit::user)) entry = entry.with(page_bit::user | page_bit::guest_kernel);
    return entry.without(page_bit::global);
}

// What may change without a look at the frame that the entry names. A table is used the same, writable or
// not.
constexpr std::uint64_t harmless_bits(PageLevel level) {
    constexpr auto harmless = page_bit::user | page_bit::accessed | page_bit::dirty | page_bit::global | page_bit::available |
                              page_bit::high_available | page_bit::no_execute;
    return level == leaf_level ? harmless : harmless | page_bit::writable;
}

constexpr bool names_the_same(PageLevel level, PageEntry one, PageEntry other) {
    return ((one.raw() ^ other.raw()) & ~harmless_bits(level)) == 0;
}

// Basalt's own slots of an L4.
constexpr bool is_guest_slot(PageLevel level, unsigned index) {
    return level != root_level || index < layout::first_slot || index >= layout::end_slot;
}

static_assert(stored(PageLevel(1), PageEntry(0x1003)) == PageEntry(0x1007 | page_bit::guest_kernel));
static_assert(stored(PageLevel(1), PageEntry(0x1107)) == PageEntry(0x1007));
static_assert(stored(PageLevel(2), PageEntry(0x1003)) == PageEntry(0x1007) &&
              stored(PageLevel(1), PageEntry(0x1002)) == PageEntry(0x1002));
static_assert(!permitted(PageLevel(2), PageEntry(0x200083), true, 0) && permitted(PageLevel(1), PageEntry(0x1083), true, 0));
static_assert(!permitted(PageLevel(1), PageEntry(0x1083), false, 0) &&
              !permitted(PageLevel(1), PageEntry(1ULL << 48 | 1), true, 1ULL << 48));
static_assert(!names_the_same(PageLevel(1), PageEntry(0x1003), PageEntry(0x1001)) &&
              names_the_same(PageLevel(2), PageEntry(0x1003), PageEntry(0x1001)));

}    // namespace basalt::paging
