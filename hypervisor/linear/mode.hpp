// What decides how a guest's processor reads its page tables: registers, and what its CPUID says. SDM 3A 4.1, APM 2 5.1.
#pragma once

#include <algorithm>
#include <cstdint>

#include "formats/control_registers.hpp"
#include "formats/page_entry.hpp"

namespace basalt::linear {

enum class Width : std::uint8_t { four_bytes = 4, eight_bytes = 8 };

// Tables from the root down: how many an address passes, and which of its bits choose an entry.
struct Tables {
    unsigned levels;   // 0: paging is off
    unsigned index_bits;
    Width entry;
    std::uint64_t root;   // which bits of CR3 say where it is

    constexpr unsigned shift(unsigned level) const { return page_shift + index_bits * (level - 1); }
    constexpr std::uint64_t place(std::uint64_t table, unsigned level, std::uint64_t linear) const {
        const std::uint64_t index = linear >> shift(level) & ((std::uint64_t{1} << index_bits) - 1);
        return table + index * static_cast<unsigned>(entry);
    }
};
inline constexpr Tables no_tables{0, 0, Width::four_bytes, 0};
inline constexpr Tables two_levels{2, 10, Width::four_bytes, 0xffff'f000};
inline constexpr Tables three_levels{3, 9, Width::eight_bytes, 0xffff'ffe0};   // PAE; the root has four entries
inline constexpr Tables four_levels{4, 9, Width::eight_bytes, page_bit::frame};
inline constexpr Tables five_levels{5, 9, Width::eight_bytes, page_bit::frame};

// As the guest sees them; none of what a processor checks when they are loaded is checked here.
struct Mode {
    std::uint64_t cr0 = 0, cr3 = 0, cr4 = 0, efer = 0;
    std::uint8_t physical_bits = 36;   // CPUID 0x8000'0008: of an address in an entry, 32 to 52
    bool gigabyte_pages = false;   // CPUID 0x8000'0001

    constexpr const Tables& tables() const {
        if (!(cr0 & cr0::paging)) return no_tables;
        if (efer & efer::long_mode_active) return cr4 & cr4::la57 ? five_levels : four_levels;
        return cr4 & cr4::physical_extension ? three_levels : two_levels;
    }
    constexpr unsigned width() const { return std::clamp<unsigned>(physical_bits, 32, 52); }
    constexpr bool knows_no_execute() const { return (cr4 & cr4::physical_extension) != 0 && (efer & efer::no_execute) != 0; }

    // Whether the entry maps a page, not a table. 4 MiB pages are there only with CR4.PSE; those of 2 MiB always.
    constexpr bool maps_page(unsigned level, std::uint64_t entry) const {
        if (level == 1) return true;
        if (!(entry & page_bit::large)) return false;
        if (tables().levels == 2) return (cr4 & cr4::page_size_extensions) != 0;
        return level == 2 || (level == 3 && tables().levels == 4 && gigabyte_pages);
    }
    // Bits that a present entry may not have: those that none may, which a walk asks for once, and those of this one, which has
    // them only if it maps a large page, or would. SDM 3A tables 4-4, 4-8 to 4-11 and 4-15 to 4-20.
    constexpr std::uint64_t reserved() const;
    constexpr std::uint64_t reserved(unsigned level, std::uint64_t entry, std::uint64_t in_all) const;
    // Where the page is that the entry maps. Of a 4 MiB page, bits 32 to 39 are lower ones of the entry (PSE-36).
    constexpr std::uint64_t page(unsigned level, std::uint64_t entry) const {
        const std::uint64_t size = std::uint64_t{1} << tables().shift(level);
        const std::uint64_t low = entry & page_bit::frame & ~(size - 1);
        return tables().levels == 2 && level == 2 ? low | (entry & 0x1f'e000) << 19 : low;
    }
};

// The bits `first` to `last`; none if there are none between them.
constexpr std::uint64_t bits(unsigned first, unsigned last) {
    return first > last ? 0 : ~std::uint64_t{0} >> (63 - last) & ~std::uint64_t{0} << first;
}

constexpr std::uint64_t Mode::reserved() const {
    if (tables().levels == 2) return 0;
    return bits(width(), tables().levels == 3 ? 62 : 51) | (knows_no_execute() ? 0 : page_bit::no_execute);
}

constexpr std::uint64_t Mode::reserved(unsigned level, std::uint64_t entry, std::uint64_t in_all) const {
    if (level == 3 && tables().levels == 3) return bits(1, 2) | bits(5, 8) | bits(width(), 63);
    if (level == 1 || !(entry & page_bit::large)) return in_all;
    if (tables().levels > 2) return in_all | (maps_page(level, entry) ? bits(13, tables().shift(level) - 1) : page_bit::large);
    return maps_page(level, entry) ? bits(std::min(width(), 40u) - 19, 21) : 0;
}

}   // namespace basalt::linear
