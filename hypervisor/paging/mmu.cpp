#include "paging/mmu.hpp"

#include "hypercalls/abi.hpp"
#include "memory/m2p.hpp"
#include "paging/named.hpp"
#include "paging/rules.hpp"

namespace basalt::paging {

namespace {

Result<> set_pseudo_physical(Mfn mfn, std::uint64_t pfn, DomainId owner) {
    const auto reference = TRY(FrameReference::take(mfn, owner));
    set_m2p(mfn, pfn);
    return {};
}

}    // namespace

Step<> update(TableHold& table, std::uint64_t ptr, std::uint64_t value, Parties parties, Budget& budget) {
    const Mfn mfn = mfn_of(ptr);
    const auto kind = ptr % sizeof(std::uint64_t);
    if (kind == MMU_MACHPHYS_UPDATE) {
        if (const auto set = set_pseudo_physical(mfn, value, parties.pages->id); !set)
            return refuse(set.error());
        return std::monostate{};
    }
    if (kind > MMU_PT_UPDATE_NO_TRANSLATE) return refuse(Error::not_implemented);
    if (const auto held = table.hold(mfn, *parties.tables); !held.done()) return held.as_step();
    const auto index = static_cast<unsigned>(ptr % page_size / sizeof(std::uint64_t));
    const auto kept = kind == MMU_PT_UPDATE_PRESERVE_AD ? AccessedDirty::keep : AccessedDirty::as_given;
    return set_entry(table, index, Entry(value), kept, parties, budget).as_step();
}

Walk walk(Mfn root, std::uint64_t address) {
    Walk found;
    if (!is_guest_slot(4, index_of(address, 4))) return found;
    Mfn table = root;
    for (unsigned level = 4; level >= 1; --level) {
        if (!is_ram(table)) return found;
        if (level == 1) found.l1_table = table;
        found.entries[level] =
            Entry(std::atomic_ref(table_at(table)[index_of(address, level)]).load(std::memory_order_relaxed));
        if (!found.entries[level].present()) return found;
        table = found.entries[level].mfn();
    }
    return found;
}

namespace {

// The frame that holds the L1 entry of `address`, as the tables say just now.
Mfn l1_table_under(Mfn root, std::uint64_t address) {
    if (!is_guest_slot(4, index_of(address, 4))) return no_mfn;
    Mfn table = root;
    for (unsigned level = 4; level > 1; --level) {
        if (!is_ram(table)) return no_mfn;
        const Entry entry(std::atomic_ref(table_at(table).data()[index_of(address, level)])
                              .load(std::memory_order_relaxed));
        if (!entry.present()) return no_mfn;
        table = entry.mfn();
    }
    return table;
}

}    // namespace

Step<> update_va_mapping(Mfn root, std::uint64_t address, std::uint64_t value, Parties parties,
                         Budget& budget) {
    const Mfn mfn = l1_table_under(root, address);
    if (mfn == no_mfn) return refuse(Error::invalid);
    TableHold table;
    if (const auto held = table.hold(mfn, *parties.tables); !held.done()) return held.as_step();
    if (table.use() != Use::l1_table) return refuse(Error::invalid);
    return set_entry(table, index_of(address, 1), Entry(value), AccessedDirty::as_given, parties, budget)
        .as_step();
}

}    // namespace basalt::paging
