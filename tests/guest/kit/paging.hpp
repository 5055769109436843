// Page-table entries: making them, finding them, and pages changing between data and table.
#pragma once

#include "memory.hpp"

#include <cstdint>

namespace kit {

constexpr std::uint64_t present = 1, writable = 2, user = 4, write_through = 8, cache_disable = 0x10, accessed = 0x20,
                        dirty = 0x40, large = 0x80, global = 0x100, no_execute = 1ull << 63;
constexpr std::uint64_t kernel_page = present | writable | user | accessed | dirty;
constexpr std::uint64_t read_only_page = present | user | accessed;
constexpr std::uint64_t table_entry = present | writable | user | accessed | dirty;
constexpr std::uint64_t address_bits = 0x000ffffffffff000;

constexpr std::uint64_t entry(std::uint64_t mfn, std::uint64_t flags) { return mfn * page_size | flags; }
constexpr std::uint64_t mfn_in(std::uint64_t entry) { return (entry & address_bits) / page_size; }

// The place of an address's entry at a level (4 down to 1) in the tables the vcpu started on.
struct Slot {
    std::uint64_t table_mfn;
    unsigned index;
    std::uint64_t machine() const { return table_mfn * page_size + index * 8; }
    std::uint64_t* word() const { return &page_of(table_mfn).words[index]; }
    std::uint64_t value() const { return *static_cast<const volatile std::uint64_t*>(word()); }
};

unsigned index_at(std::uint64_t address, unsigned level);
std::uint64_t root_mfn();
// The page, writable before, becomes a root like the one in use, which nobody has checked yet.
void copy_root(Page& to);
Slot slot_of(const volatile void* address, unsigned level = 1);
Slot slot_of(std::uint64_t address, unsigned level = 1);

// An entry that is empty at first, of each level above the first.
Slot free_slot(unsigned level);

// A change of the image's own mapping of a page. Returns the hypervisor's answer.
std::int64_t remap(const Page& page, std::uint64_t flags);
std::int64_t make_read_only(const Page& page);
std::int64_t make_writable(const Page& page);

// A zeroed fresh page that is mapped read-only, ready to be pinned or linked as a table.
Page& fresh_table();
// As above, its entries 0.. filled with the given value first.
Page& table_of(std::uint64_t first_entry);

}
