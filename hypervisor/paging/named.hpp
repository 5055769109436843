// What a present entry names, and so owns one reference of (and a use: writable, or table of the level
// below).
#pragma once

#include "core/again.hpp"
#include "paging/budget.hpp"
#include "paging/entry.hpp"
#include "paging/mmu.hpp"

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

// The entry as it shall be stored; what it names has been taken. Flags have been looked at before.
Step<Entry> take_named(unsigned level, Entry entry, Parties parties, Budget& budget,
                       const Checking* checking = nullptr);
void drop_named(unsigned level, Entry entry);

// Of an L1 entry: without its writable bit where the frame is a device page that is only pretended writable.
Entry without_pretence(Entry entry, DomainId domain);

// take_use with the list of tables under check.
Step<FrameUse> take_use_while(Mfn mfn, Use use, DomainMemory& owner, Budget& budget,
                              const Checking* checking);

// The check itself: from the table's one, unfinished user. Afterwards the table is checked, at rest half
// checked (Again), or nobody's and as it was (refused).
Step<> check_table(Mfn mfn, unsigned level, unsigned from, DomainMemory& owner, Budget& budget,
                   const Checking* outer);

// Gives back what the first `count` entries own.
void drop_entries(Mfn mfn, unsigned level, unsigned count);

// The table's one, unfinished user leaves: of everything but its memory nothing is left.
void leave_unchecked(Mfn mfn);

inline Table& table_at(Mfn mfn) {
    return *static_cast<Table*>(contents(mfn));
}

}    // namespace basalt::paging
