// Which entries a guest may write, and how they are stored. All PV guests' code runs in ring 3, so every
// stored entry has the user bit; one whose guest had not set it is marked (bit 52), as Xen marks it. No guest
// entry is global: loading CR3 is how Basalt flushes them.
#pragma once

#include <cstdint>

#include "core/layout.hpp"
#include "paging/entry.hpp"

namespace basalt::paging {

inline constexpr std::uint64_t cache_bits =
    Entry::write_through_bit | Entry::cache_disable_bit | Entry::pat_bit;

// Bits that make a present entry invalid. Cache attributes are for a domain that drives devices; large pages
// for nobody.
constexpr std::uint64_t refused_bits(unsigned level, bool hardware, std::uint64_t limits) {
    if (level == 1) return limits | (hardware ? 0 : cache_bits);
    return limits | Entry::write_through_bit | Entry::cache_disable_bit | Entry::large_bit |
           Entry::global_bit;
}

constexpr bool permitted(unsigned level, Entry entry, bool hardware, std::uint64_t limits) {
    return (entry.raw() & refused_bits(level, hardware, limits)) == 0;
}

constexpr Entry stored(unsigned level, Entry entry) {
    if (!entry.present()) return entry;
    if (level > 1) return entry.with(Entry::user_bit);
    if (!entry.has(Entry::user_bit)) entry = entry.with(Entry::user_bit | Entry::guest_kernel_bit);
    return entry.without(Entry::global_bit);
}

// What may change without a look at the frame that the entry names. A table is used the same, writable or
// not.
constexpr std::uint64_t harmless_bits(unsigned level) {
    constexpr auto harmless = Entry::user_bit | Entry::accessed_bit | Entry::dirty_bit | Entry::global_bit |
                              Entry::available_bits | Entry::high_available_bits | Entry::no_execute_bit;
    return level == 1 ? harmless : harmless | Entry::writable_bit;
}

constexpr bool names_the_same(unsigned level, Entry one, Entry other) {
    return ((one.raw() ^ other.raw()) & ~harmless_bits(level)) == 0;
}

// Basalt's own slots of an L4.
constexpr bool is_guest_slot(unsigned level, unsigned index) {
    return level != 4 || index < layout::first_slot || index >= layout::end_slot;
}

static_assert(stored(1, Entry(0x1003)) == Entry(0x1007 | Entry::guest_kernel_bit));
static_assert(stored(1, Entry(0x1107)) == Entry(0x1007));
static_assert(stored(2, Entry(0x1003)) == Entry(0x1007) && stored(1, Entry(0x1002)) == Entry(0x1002));
static_assert(!permitted(2, Entry(0x200083), true, 0) && permitted(1, Entry(0x1083), true, 0));
static_assert(!permitted(1, Entry(0x1083), false, 0) &&
              !permitted(1, Entry(1ULL << 48 | 1), true, 1ULL << 48));
static_assert(!names_the_same(1, Entry(0x1003), Entry(0x1001)) &&
              names_the_same(2, Entry(0x1003), Entry(0x1001)));

}    // namespace basalt::paging
