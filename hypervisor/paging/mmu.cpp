#include "paging/mmu.hpp"

#include "abi/xen.hpp"
#include "memory/m2p.hpp"
#include "paging/named.hpp"
#include "paging/rules.hpp"

namespace basalt::paging {

namespace {

[[gnu::noinline]] Outcome set_pseudo_physical(Mfn mfn, std::uint64_t pfn, DomainId owner) {
    const auto reference = FrameReference::take(mfn, owner);
    if (!reference) return refuse(reference.error());
    set_m2p(mfn, pfn);
    return {};
}

// An entry of a guest's table that nobody holds: an empty one where the slot is not the guest's, or the frame is no memory.
PageEntry seen(Mfn table, PageLevel level, unsigned index) {
    if (!is_guest_slot(level, index) || !is_ram(table)) return PageEntry();
    return PageEntry(std::atomic_ref(table_at(table)[index]).load(std::memory_order_relaxed));
}

}    // namespace

Outcome update(TableHold& table, std::uint64_t ptr, std::uint64_t value, const Parties& parties, Budget& budget) {
    const Mfn mfn = mfn_of(ptr);
    const auto kind = ptr % sizeof(std::uint64_t);
    if (kind == MMU_MACHPHYS_UPDATE) return set_pseudo_physical(mfn, value, parties.pages->id);
    if (kind > MMU_PT_UPDATE_NO_TRANSLATE) return refuse(Error::not_implemented);
    TRY(table.hold(mfn, *parties.tables));
    const auto index = static_cast<unsigned>(ptr % page_size / sizeof(std::uint64_t));
    const auto kept = kind == MMU_PT_UPDATE_PRESERVE_AD ? AccessedDirty::keep : AccessedDirty::as_given;
    return set_entry(table, index, PageEntry(value), kept, parties, budget);
}

PageEntry leaf_of(Mfn root, std::uint64_t address) {
    const Mfn table = l1_table_of(root, address);
    return table == no_mfn ? PageEntry() : seen(table, leaf_level, index_of(leaf_level, address));
}

// A walk that is made at every store to a table: its three steps one after the other.
Mfn l1_table_of(Mfn root, std::uint64_t address) {
    Mfn table = root;
    for (const PageLevel level : {PageLevel(4), PageLevel(3), PageLevel(2)}) {
        const PageEntry entry = seen(table, level, index_of(level, address));
        if (!entry.present()) return no_mfn;
        table = entry.mfn();
    }
    return table;
}

Step<> update_va_mapping(Mfn root, std::uint64_t address, std::uint64_t value, Parties parties, Budget& budget) {
    const Mfn mfn = l1_table_of(root, address);
    if (mfn == no_mfn) return refuse(Error::invalid);
    TableHold table;
    TRY(table.hold(mfn, *parties.tables));
    if (table.use() != Use::l1_table) return refuse(Error::invalid);
    return set_entry(table, index_of(leaf_level, address), PageEntry(value), AccessedDirty::as_given, parties, budget)
        .as_step();
}

}    // namespace basalt::paging
