#include "machine/page_tables.hpp"

#include "core/assert.hpp"
#include "core/lock.hpp"
#include "machine/early_memory.hpp"
#include "machine/features.hpp"
#include "machine/flush.hpp"
#include "machine/image.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

// Below 4 GiB with the image: a CPU that starts up loads it before it has 64-bit registers.
alignas(page_size) constinit PageEntry root[512] = {};

struct Tables {
    FrameSource source = early_frame;
    layout::Address next_device = layout::device_area;
};
constinit Guarded<Tables, Rank::own_tables> tables;

bool present(PageEntry entry) { return (entry & page_bit::present) != 0; }

}  // namespace

std::uint64_t physical_in_image(const void* it) {
    // By way of a page that stays mapped; the early tables have it in a large one.
    const auto known = address_of(rodata_start);
    const auto mapping = mapping_of(mfn_of(read_cr3() & page_address_mask), known);
    ASSERT(mapping.level != 0);
    const auto in_page = size_at(mapping.level) - 1;
    return (mapping.entry & page_address_mask & ~in_page) + (known & in_page) + (address_of(it) - known);
}

Mfn boot_root() {
    static const Mfn mfn = mfn_of(physical_in_image(root));
    return mfn;
}

std::span<const PageEntry, hypervisor_slots> hypervisor_entries() {
    return std::span(root).subspan<layout::first_slot, hypervisor_slots>();
}

Result<Mfn> frame_for_tables() {
    return tables.with([](Tables& t) { return t.source(); });
}

void take_tables_from(FrameSource source) {
    tables.with([&](Tables& t) { t.source = source; });
}

Result<PageEntry*> entry_in(Mfn table, unsigned level, layout::Address address, PageEntry table_bits,
                            FrameSource source, unsigned wanted_level) {
    auto* entries = table_at(table);
    for (; level > wanted_level; --level) {
        auto& entry = entries[index_at(level, address)];
        if (!present(entry)) entry = entry_for(TRY(source()), table_bits);
        ASSERT((entry & page_bit::large) == 0);
        entries = table_at(frame_of(entry));
    }
    return &entries[index_at(level, address)];
}

Result<> map(layout::Address address, Mfn mfn, PageEntry bits) {
    ASSERT(address >= layout::start && address < layout::end && index_at(4, address) != layout::domain_slot);
    return tables.with([&](Tables& t) -> Result<> {
        *TRY(entry_in(boot_root(), 4, address, rights::table, t.source)) = entry_for(mfn, bits);
        return {};
    });
}

void unmap(layout::Address address) {
    tables.with([&](Tables&) {
        const auto mapping = mapping_of(boot_root(), address);
        if (mapping.level == 0) return;
        ASSERT(mapping.level == 1);
        const auto entry = entry_in(boot_root(), 4, address, rights::table, early_frame);
        **entry = 0;
    });
    flush_globals_everywhere();
}

Result<std::byte*> map_device(std::uint64_t physical, std::size_t size, Caching caching) {
    const auto first = physical & ~(page_size - 1);
    const auto end_of_addresses = std::uint64_t{1} << features().physical_bits;
    if (physical >= end_of_addresses || size > end_of_addresses - physical) return refuse(Error::invalid);
    const auto pages = (physical + size - first + page_size - 1) / page_size;
    const auto place = tables.with([&](Tables& t) -> Result<layout::Address> {
        const auto start = t.next_device;
        const auto bytes = (pages + 1) * page_size;   // one page between two devices stays unmapped
        if (bytes > layout::device_area_end - start) return refuse(Error::no_memory);
        t.next_device += bytes;
        return start;
    });
    const auto address = TRY(place);
    for (std::uint64_t page = 0; page < pages; ++page)
        TRY(map(address + page * page_size, mfn_of(first) + page, rights::write | static_cast<PageEntry>(caching)));
    return reinterpret_cast<std::byte*>(address + (physical - first));
}

Mapping mapping_of(Mfn table, std::uint64_t address) {
    const auto* entries = table_at(table);
    for (unsigned level = 4;; --level) {
        const auto entry = entries[index_at(level, address)];
        if (!present(entry)) return {};
        if (level == 1 || (level < 4 && (entry & page_bit::large) != 0)) return {entry, level};
        entries = table_at(frame_of(entry));
    }
}

}  // namespace basalt
