// Demotion: tables whose last use was dropped wait in their domain's list until somebody takes apart what their
// entries own. There is no recursion: a table that loses its last use meanwhile joins the list.
#include "core/assert.hpp"
#include "paging/named.hpp"
#include "paging/seams.hpp"
#include "paging/take.hpp"
#include "translations/flush_time.hpp"

namespace basalt {

// A domain is there for as long as it owns a frame.
void undo_later(Mfn mfn) {
    DomainMemory* const owner = domain_memory_of(frame(mfn).owner());
    ASSERT(owner != nullptr);
    owner->to_undo.put(mfn);
    paging::undoing_is_due(*owner);
}

namespace paging {

bool undo_one(DomainMemory& owner, Budget& budget) {
    const auto mfn = owner.to_undo.take();
    if (!mfn) return false;
    drop_entries(*mfn, level_of(frame(*mfn).word().use()), entries_per_table);
    budget.spend(entries_per_table);
    leave_unchecked(*mfn);
    return true;
}

bool finish_undoing(DomainMemory& owner, Budget& budget) {
    advance_flush_time();
    while (!owner.to_undo.empty()) {
        if (budget.over()) return false;
        undo_one(owner, budget);
    }
    return true;
}

}    // namespace paging
}    // namespace basalt
