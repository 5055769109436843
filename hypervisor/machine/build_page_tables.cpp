// Start-up's part of the page tables: everything that is mapped once and for all.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/assert.hpp"
#include "debug/log.hpp"
#include "machine/cpu.hpp"
#include "machine/descriptors.hpp"
#include "machine/early_memory.hpp"
#include "machine/features.hpp"
#include "machine/first_cpu.hpp"
#include "machine/flush.hpp"
#include "machine/image.hpp"
#include "machine/instructions.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

constexpr std::uint64_t piece_size = size_at(PageLevel(2));

constexpr std::uint64_t down(std::uint64_t address, std::uint64_t to) { return address & ~(to - 1); }
constexpr std::uint64_t up(std::uint64_t address, std::uint64_t to) { return down(address + to - 1, to); }

struct Piece {
    layout::Address address;
    PhysicalRange physical;
    std::uint64_t bits;
};

PageLevel largest_level(layout::Address address, std::uint64_t physical, std::uint64_t size) {
    for (PageLevel level(features().gigabyte_pages ? 3 : 2); level > leaf_level; level = below(level))
        if (((address | physical) & (size_at(level) - 1)) == 0 && size >= size_at(level)) return level;
    return leaf_level;
}

// With the largest pages that fit. What is already mapped in larger pages stays.
void map_piece(Piece piece) {
    for (auto& [at, end] = piece.physical; at < end;) {
        const auto level = largest_level(piece.address, at, end - at);
        auto entry = entry_in(boot_root(), root_level, piece.address, rights::table, early_frame, level);
        ASSERT(entry);
        **entry = PageEntry::of(mfn_of(at), piece.bits | (level > leaf_level ? page_bit::large : 0));
        at += size_at(level);
        piece.address += size_at(level);
    }
}

void map_direct(PhysicalRange range, std::uint64_t bits) { map_piece({layout::direct_map + range.start, range, bits}); }

PhysicalRange in_image(const void* start, const void* end) { return {physical_in_image(start), physical_in_image(end)}; }

// What is constant in the image is constant through the direct map too: text is never writable at any address.
void map_ram(PhysicalRange range) {
    const auto constant = in_image(rodata_start, entry_text_end);
    if (!range.meets(constant)) return map_direct(range, rights::write);
    map_direct({range.start, constant.start}, rights::write);
    map_direct(constant, rights::read);
    map_direct({constant.end, range.end}, rights::write);
}

bool is_memory(const MemoryRegion& region) {
    return region.kind == MemoryKind::usable || region.kind == MemoryKind::acpi_tables ||
           region.kind == MemoryKind::acpi_storage;
}

void build_direct_map(MemoryMap memory) {
    constexpr std::uint64_t first_mebibyte = 0x10'0000;
    map_direct({0, first_mebibyte}, rights::write);
    for (const auto& region : memory) {
        if (!is_memory(region)) continue;
        const PhysicalRange pages{std::max(down(region.start, page_size), first_mebibyte),
                                  std::min(up(region.end(), page_size), layout::direct_map_size)};
        if (!pages.empty()) map_ram(pages);
    }
}

void map_image() {
    const auto section = [](const void* start, const void* end, std::uint64_t bits) {
        map_piece({address_of(start), in_image(start, end), bits});
    };
    section(start_up_start, init_text_end, rights::execute);
    section(init_text_end, start_up_end, rights::write);
    section(rodata_start, rodata_end, rights::read);
    section(text_start, entry_text_end, rights::execute);
    section(entry_data_start, bss_end, rights::write);
    section(symbols_start, image_end, rights::read);
}

// Pieces of 2 MiB of a table that has `bytes_per_frame` for each frame: those that speak of usable memory, as far as the direct
// map goes.
template <typename Action>
void for_each_piece(MemoryMap memory, std::uint64_t bytes_per_frame, Action&& action) {
    const auto covered = piece_size / bytes_per_frame * page_size;   // memory that one piece speaks of
    std::uint64_t next = 0;
    for (const auto& region : memory) {
        if (!region.usable()) continue;
        const auto end = std::min(region.end(), layout::direct_map_size);
        auto piece = std::max(next, region.start / covered);
        for (; piece * covered < end; ++piece) action(piece, take_early_memory(piece_size, piece_size));
        next = std::max(next, piece);
    }
}

void map_large(layout::Address address, std::uint64_t physical, std::uint64_t bits) {
    map_piece({address, {physical, physical + piece_size}, bits});
}

void build_m2p(MemoryMap memory) {
    for_each_piece(memory, sizeof(std::uint64_t), [](std::uint64_t piece, std::uint64_t physical) {
        std::memset(layout::direct(mfn_of(physical)), 0xff, piece_size);   // INVALID_M2P_ENTRY
        map_large(layout::m2p + piece * piece_size, physical, rights::write);
        map_large(layout::guest_m2p + piece * piece_size, physical, rights::guest_read);
    });
    // Every level lets ring 3 through; the pages themselves are read-only.
    auto* l4 = table_at(boot_root());
    auto& slot = l4[index_of(root_level, layout::guest_m2p)];
    slot = slot.with(page_bit::user);
    for (unsigned at = 0; at < entries_per_table; ++at) {
        auto& entry = table_at(slot.mfn())[at];
        if (entry.present()) entry = entry.with(page_bit::user);
    }
}

// A table of 512 entries that all lead to one page of zeroes.
Mfn table_of_zeroes() {
    const auto zeroes = early_frame();
    const auto table = early_frame();
    ASSERT(zeroes && table);
    std::fill_n(table_at(*table), entries_per_table, PageEntry::of(*zeroes, rights::read));
    return *table;
}

// memory/'s records, without a gap. What is no memory has a record of zeroes that nobody writes: all such pieces are one page.
void build_frame_table(MemoryMap memory) {
    constexpr std::uint64_t record_size = 16;
    const Mfn zeroes = table_of_zeroes();
    std::uint64_t next = 0;
    for_each_piece(memory, record_size, [&](std::uint64_t piece, std::uint64_t physical) {
        for (; next < piece; ++next) {
            const auto address = layout::frame_table + next * piece_size;
            const auto entry = entry_in(boot_root(), root_level, address, rights::table, early_frame, PageLevel(2));
            ASSERT(entry);
            **entry = PageEntry::of(zeroes, rights::table);
        }
        map_large(layout::frame_table + next++ * piece_size, physical, rights::write);
    });
}

// The slots that grow later have their L3 tables from the start, so that the L4 entries never change.
void make_growing_slots() {
    for (const auto address : {layout::guest_m2p, layout::m2p, layout::cpu_area, layout::device_area})
        ASSERT(entry_in(boot_root(), root_level, address, rights::table, early_frame, PageLevel(3)));
}

}   // namespace

void build_page_tables(MemoryMap memory) {
    make_growing_slots();
    build_direct_map(memory);
    map_image();
    map_first_cpu();
    leave_roots();
    raise_early_limit(layout::direct_map_size);
    build_m2p(memory);
    build_frame_table(memory);
}

Mfn m2p_piece(std::uint64_t number) {
    const auto mapping = mapping_of(boot_root(), layout::m2p + number * piece_size);
    return mapping.level == PageLevel(2) ? mapping.entry.mfn() : no_mfn;
}

PhysicalRange forget_start_up() {
    const auto range = in_image(start_up_start, start_up_end);
    for (auto address = address_of(start_up_start); address < address_of(start_up_end); address += page_size) {
        auto entry = entry_in(boot_root(), root_level, address, rights::table, early_frame);
        ASSERT(entry);
        **entry = PageEntry();
    }
    flush_globals_everywhere();
    return range;
}

}   // namespace basalt
