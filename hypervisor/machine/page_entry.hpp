// What Basalt's own page-table entries say, and where tables lie.
#pragma once

#include "core/layout.hpp"
#include "formats/page_entry.hpp"

namespace basalt {

// Our own mappings. Accessed and dirty are set beforehand, so that the CPU writes nothing. They are global: a CR3 load
// keeps them. Guests' entries must not be global, for a CR3 load is how Basalt flushes those.
namespace rights {
inline constexpr std::uint64_t table = page_bit::present | page_bit::writable | page_bit::accessed;
inline constexpr std::uint64_t read =
    page_bit::present | page_bit::accessed | page_bit::dirty | page_bit::global | page_bit::no_execute;
inline constexpr std::uint64_t write = read | page_bit::writable;
inline constexpr std::uint64_t execute = read & ~page_bit::no_execute;
inline constexpr std::uint64_t guest_read = (read | page_bit::user) & ~page_bit::global;
}    // namespace rights

// The page attribute table is Xen's, which PV guests know: WB WT UC- UC WC WP UC UC. xen/arch-x86: "PAT" in XEN_CPUID.
inline constexpr std::uint64_t page_attribute_table = 0x0000'0501'0007'0406;
enum class Caching : std::uint64_t {
    write_back = 0,
    uncached = page_bit::cache_disable | page_bit::write_through,
    write_combining = page_bit::attribute,
};

inline PageEntry* table_at(Mfn mfn) { return static_cast<PageEntry*>(layout::direct(mfn)); }

}    // namespace basalt
