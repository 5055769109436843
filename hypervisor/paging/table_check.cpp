// Promotion: a frame becomes a page table when every present entry owns what it names. Entries are changed to
// their stored form only when all are accepted, so that a refused check leaves the frame's contents as they
// were.
#include <algorithm>

#include "paging/named.hpp"
#include "paging/rules.hpp"
#include "paging/seams.hpp"

namespace basalt::paging {

namespace {

void store_entries(Mfn mfn, unsigned level, DomainId domain) {
    Table& table = table_at(mfn);
    for (unsigned i = 0; i < entries_per_table; ++i) {
        const Entry entry(table[i]);
        if (!entry.present() || !is_guest_slot(level, i)) continue;
        table[i] = stored(level, level == 1 ? without_pretence(entry, domain) : entry).raw();
    }
    if (level == 4) std::ranges::copy(hypervisor_l4_entries(domain), table.begin() + layout::first_slot);
}

void rest(Mfn mfn, unsigned index) {
    Frame& record = frame(mfn);
    record.note_index(index);
    static_cast<void>(record.apply([](FrameWord word) { return word.rest_half_checked(); }));
}

}    // namespace

void drop_entries(Mfn mfn, unsigned level, unsigned count) {
    const Table& table = table_at(mfn);
    while (count-- != 0)
        if (is_guest_slot(level, count)) drop_named(level, Entry(table[count]));
}

void leave_unchecked(Mfn mfn) {
    Frame& record = frame(mfn);
    record.set_epoch(flush_epoch_now());
    const auto left = record.apply([](FrameWord word) { return word.finish_undo(); });
    if (left->after.free()) last_reference_dropped(mfn);
}

Step<> check_table(Mfn mfn, unsigned level, unsigned from, DomainMemory& owner, Budget& budget,
                   const Checking* outer) {
    const Checking checking{mfn, outer};
    const Parties parties{&owner, &owner};
    const auto limits = entry_limits().forbidden;
    const Table& table = table_at(mfn);
    for (unsigned i = from; i < entries_per_table; ++i) {
        const Entry entry(table[i]);
        if (!entry.present() || !is_guest_slot(level, i)) continue;
        if (budget.over()) {
            rest(mfn, i);
            return Again{};
        }
        const auto taken = permitted(level, entry, owner.hardware, limits)
                               ? take_named(level, entry, parties, budget, &checking)
                               : Step<Entry>(refuse(Error::invalid));
        if (taken.done()) continue;
        if (taken.again() != nullptr) {
            rest(mfn, i);
        } else {
            drop_entries(mfn, level, i);
            leave_unchecked(mfn);
        }
        return not_done<std::monostate>(taken);
    }
    budget.spend(entries_per_table);
    store_entries(mfn, level, owner.id);
    static_cast<void>(frame(mfn).apply([](FrameWord word) { return word.finish_check(); }));
    return std::monostate{};
}

}    // namespace basalt::paging
