// Promotion: a frame becomes a page table when every present entry owns what it names. Entries are changed to
// their stored form only when all are accepted, so that a refused check leaves the frame's contents as they
// were.
#include <algorithm>

#include "paging/named.hpp"
#include "paging/rules.hpp"
#include "paging/seams.hpp"

namespace basalt::paging {

namespace {

void store_entries(Mfn mfn, PageLevel level, unsigned first, DomainId domain) {
    Table& table = table_at(mfn);
    for (unsigned i = next_present(table, first, entries_per_table); i < entries_per_table;
         i = next_present(table, i + 1, entries_per_table)) {
        if (!is_guest_slot(level, i)) continue;
        const PageEntry entry(table[i]);
        table[i] = stored(level, level == leaf_level ? without_pretence(entry, domain) : entry).raw();
    }
    if (level == root_level)
        std::ranges::transform(hypervisor_l4_entries(domain), table.begin() + layout::first_slot, &PageEntry::raw);
}

void rest(Mfn mfn, unsigned index) {
    Frame& record = frame(mfn);
    record.note_index(index);
    static_cast<void>(record.apply([](FrameWord word) { return word.rest_half_checked(); }));
}

}    // namespace

void drop_entries(Mfn mfn, PageLevel level, unsigned count) {
    const Table& table = table_at(mfn);
    for (unsigned i = next_present(table, 0, count); i < count; i = next_present(table, i + 1, count))
        if (is_guest_slot(level, i)) drop_named(level, PageEntry(table[i]));
}

void leave_unchecked(Mfn mfn) {
    Frame& record = frame(mfn);
    record.stamp();
    const auto left = record.apply([](FrameWord word) { return word.finish_undo(); });
    if (left->after.free()) last_reference_dropped(mfn);
}

Outcome check_table(Mfn mfn, PageLevel level, unsigned from, DomainMemory& owner, Budget& budget, const Checking* outer) {
    const Checking checking{mfn, outer};
    const Parties parties{&owner, &owner};
    const auto refused = refused_bits(level, owner.hardware, forbidden_bits());
    const Table& table = table_at(mfn);
    const unsigned first = next_present(table, from, entries_per_table);
    for (unsigned i = first; i < entries_per_table; i = next_present(table, i + 1, entries_per_table)) {
        if (!is_guest_slot(level, i)) continue;
        if (budget.over()) {
            rest(mfn, i);
            return Again{};
        }
        const PageEntry entry(table[i]);
        const bool permitted = (entry.raw() & refused) == 0;
        if (permitted && level == leaf_level && take_page_at_once(entry, parties)) [[likely]]
            continue;
        const Outcome taken =
            permitted ? take_named(level, entry, parties, budget, &checking) : Outcome(refuse(Error::invalid));
        if (taken.done()) continue;
        if (taken.again()) {
            rest(mfn, i);
        } else {
            drop_entries(mfn, level, i);
            leave_unchecked(mfn);
        }
        return taken;
    }
    budget.spend(entries_per_table);
    store_entries(mfn, level, from == 0 ? first : 0, owner.id);
    static_cast<void>(frame(mfn).apply([](FrameWord word) { return word.finish_check(); }));
    return {};
}

}    // namespace basalt::paging
