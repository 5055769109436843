// What a present entry names, and so owns one reference of (and a use: writable, or table of the level
// below).
#pragma once

#include <array>
#include <expected>

#include "memory/frame_reference.hpp"
#include "paging/budget.hpp"
#include "formats/page_entry.hpp"
#include "paging/mmu.hpp"
#include "paging/outcome.hpp"

namespace basalt::paging {

// Tables that this very call is checking: an entry that leads back to one of them is refused, not waited for.
struct Checking {
    Mfn table = no_mfn;
    const Checking* outer = nullptr;
    bool includes(Mfn mfn) const {
        for (const auto* at = this; at != nullptr; at = at->outer)
            if (at->table == mfn) return true;
        return false;
    }
};

// Takes what the entry names. Its flags have been looked at before.
Outcome take_named(PageLevel level, PageEntry entry, const Parties& parties, Budget& budget,
                   const Checking* checking = nullptr);

// And gives it back.
inline void drop_named(PageLevel level, PageEntry entry) {
    if (!entry.present()) return;
    const Mfn mfn = entry.mfn();
    if (level > leaf_level) return drop_use_and_reference(mfn);
    if (!is_ram(mfn)) return;
    entry.writable() ? drop_use_and_reference_of(mfn, Use::writable) : drop_reference(mfn);
}

// Of a frame that has a record: one look at the owner, one exchange, one look again. check_unfinished: written by nobody so
// far, and take_writable() knows more.
inline std::expected<void, FrameRefusal> take_page_of(DomainId owner, PageEntry entry) {
    const Mfn mfn = entry.mfn();
    Frame& record = frame(mfn);
    if (!record.is_of(owner)) return std::unexpected(FrameRefusal::frame_in_other_use);
    const auto taken = entry.writable() ? record.apply([](FrameWord word) { return word.take_writable_at_once(); })
                                        : record.apply([](FrameWord word) { return word.take_reference(); });
    if (!taken) return std::unexpected(taken.error());
    if (record.is_of(owner)) [[likely]]
        return {};
    entry.writable() ? drop_use_and_reference(mfn) : drop_reference(mfn);
    return std::unexpected(FrameRefusal::frame_in_other_use);
}

// What most entries name: a page of the owner of both table and pages, with nothing to wait for. False: nothing is taken, and
// take_named() knows more.
inline bool take_page_at_once(PageEntry entry, const Parties& parties) {
    return parties.tables == parties.pages && has_record(entry.mfn()) && take_page_of(parties.pages->id, entry).has_value();
}

// Of an L1 entry: without its writable bit where the frame is a device page that is only pretended writable.
PageEntry without_pretence(PageEntry entry, DomainId domain);

// take_use with the list of tables under check.
Outcome take_use_while(Mfn mfn, Use use, DomainMemory& owner, Budget& budget, const Checking* checking);

// The check itself: from the table's one, unfinished user. Afterwards the table is checked, at rest half
// checked (Again), or nobody's and as it was (refused).
Outcome check_table(Mfn mfn, PageLevel level, unsigned from, DomainMemory& owner, Budget& budget, const Checking* outer);

// Gives back what the first `count` entries own.
void drop_entries(Mfn mfn, PageLevel level, unsigned count);

// One table of the domain's list is taken apart. False: there is none.
bool undo_one(DomainMemory& owner, Budget& budget);

// The table's one, unfinished user leaves: of everything but its memory nothing is left.
void leave_unchecked(Mfn mfn);

// What no entry may hold on this machine: asked once.
std::uint64_t forbidden_bits();

// The words of a table, which other CPUs write too.
using Table = std::array<std::uint64_t, entries_per_table>;
static_assert(sizeof(Table) == page_size);

inline Table& table_at(Mfn mfn) { return *static_cast<Table*>(contents(mfn)); }

// The first present entry of [from, end), or `end`. Most entries of most tables are empty: eight at a time.
inline unsigned next_present(const Table& table, unsigned from, unsigned end) {
    const std::uint64_t* const first = table.data();
    const std::uint64_t* at = first + from;
    const std::uint64_t* const last = first + end;
    const auto present = [](std::uint64_t entry) { return (entry & page_bit::present) != 0; };
    for (; at < last; ++at) {
        if (present(*at)) return static_cast<unsigned>(at - first);
        while (at + 8 < last && !present(at[1] | at[2] | at[3] | at[4] | at[5] | at[6] | at[7] | at[8])) at += 8;
    }
    return end;
}

}    // namespace basalt::paging
