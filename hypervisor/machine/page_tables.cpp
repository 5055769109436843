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

}  // namespace

std::uint64_t physical_in_image(const void* it) {
    // By way of a page that stays mapped; the early tables have it in a large one.
    const auto known = address_of(rodata_start);
    const auto mapping = mapping_of(mfn_of(read_cr3() & page_bit::frame), known);
    ASSERT(mapping.mapped());
    const auto in_page = size_at(mapping.level) - 1;
    return (physical_of(mapping.entry.mfn()) & ~in_page) + (known & in_page) + (address_of(it) - known);
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

Result<PageEntry*> entry_in(Mfn table, PageLevel level, layout::Address address, std::uint64_t table_bits, FrameSource source,
                            PageLevel wanted) {
    Result<PageEntry*> found = nullptr;
    walk_down(table, level, address, [&](Mfn at, PageLevel here, unsigned index) {
        PageEntry& entry = table_at(at)[index];
        if (here == wanted) {
            found = &entry;
            return no_mfn;
        }
        if (!entry.present()) {
            const auto frame = source();
            if (!frame) {
                found = refuse(frame.error());
                return no_mfn;
            }
            entry = PageEntry::of(*frame, table_bits);
        }
        ASSERT(!entry.has(page_bit::large));
        return entry.mfn();
    });
    return found;
}

Result<> map(layout::Address address, Mfn mfn, std::uint64_t bits) {
    ASSERT(address >= layout::start && address < layout::end && index_of(root_level, address) != layout::domain_slot);
    return tables.with([&](Tables& t) -> Result<> {
        *TRY(entry_in(boot_root(), root_level, address, rights::table, t.source)) = PageEntry::of(mfn, bits);
        return {};
    });
}

void unmap(layout::Address address) {
    tables.with([&](Tables&) {
        const auto mapping = mapping_of(boot_root(), address);
        if (!mapping.mapped()) return;
        ASSERT(mapping.level == leaf_level);
        const auto entry = entry_in(boot_root(), root_level, address, rights::table, early_frame);
        **entry = PageEntry();
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
        TRY(map(address + page * page_size, mfn_of(first) + page, rights::write | static_cast<std::uint64_t>(caching)));
    return reinterpret_cast<std::byte*>(address + (physical - first));
}

Mapping mapping_of(Mfn root, std::uint64_t address) {
    Mapping found;
    walk_down(root, root_level, address, [&](Mfn table, PageLevel level, unsigned index) {
        const PageEntry entry = table_at(table)[index];
        if (!entry.present()) return no_mfn;
        if (level != leaf_level && (level == root_level || !entry.has(page_bit::large))) return entry.mfn();
        found = {entry, level};
        return no_mfn;
    });
    return found;
}

}  // namespace basalt
