// Rule: each present entry of a checked table owns what it names. Only here are such entries written: what
// the new one names is taken first, and exactly what was replaced is dropped.
#include <atomic>
#include <utility>

#include "paging/named.hpp"
#include "paging/rules.hpp"
#include "paging/take.hpp"
#include "translations/flush_time.hpp"

namespace basalt::paging {

namespace {

constexpr std::uint64_t accessed_dirty = page_bit::accessed | page_bit::dirty;

using Word = std::atomic_ref<std::uint64_t>;

PageEntry kept_from(PageEntry found, PageEntry wanted, AccessedDirty kept) {
    return kept == AccessedDirty::keep ? wanted.with(found.raw() & accessed_dirty) : wanted;
}

struct Replaced {
    Outcome outcome;
    bool written = false;    // false: the entry is another than was found; nothing has changed
};

// What is named has been taken.
[[gnu::always_inline]] inline Replaced exchange(Word word, PageLevel level, PageEntry found, PageEntry wanted) {
    auto expected = found.raw();
    const bool written = word.compare_exchange_strong(expected, wanted.raw(), std::memory_order_acq_rel);
    drop_named(level, written ? found : wanted);
    return {{}, written};
}

Replaced put(Word word, PageLevel level, PageEntry found, PageEntry wanted, const Parties& parties, Budget& budget) {
    if (!permitted(level, wanted, parties.tables->hardware, forbidden_bits())) return {refuse(Error::invalid)};
    wanted = stored(level, wanted);
    auto expected = found.raw();
    if (found.present() && names_the_same(level, found, wanted))
        return {{}, word.compare_exchange_strong(expected, wanted.raw(), std::memory_order_acq_rel)};
    if (level != leaf_level || !take_page_at_once(wanted, parties)) {
        if (const auto taken = take_named(level, wanted, parties, budget); !taken.done()) return {taken};
        if (level == leaf_level) wanted = without_pretence(wanted, parties.tables->id);
    }
    return exchange(word, level, found, wanted);
}

// The entry, if it is still `found`, becomes `wanted`.
[[gnu::always_inline]] inline Replaced replace(Word word, PageLevel level, PageEntry found, PageEntry wanted,
                                               const Parties& parties, Budget& budget) {
    return wanted.present() ? put(word, level, found, wanted, parties, budget) : exchange(word, level, found, wanted);
}

// Others lose the race as often as they win one: a vcpu of the guest, or the processor setting a bit.
inline Outcome set(Word word, PageLevel level, PageEntry wanted, AccessedDirty kept, const Parties& parties, Budget& budget) {
    for (;;) {
        const PageEntry found(word.load(std::memory_order_relaxed));
        const auto replaced = replace(word, level, found, kept_from(found, wanted, kept), parties, budget);
        if (replaced.written || !replaced.outcome.done()) return replaced.outcome;
    }
}

}    // namespace

// A frame that is a table is held as one; any other as a writable page.
Outcome TableHold::hold_another(Mfn mfn, DomainMemory& owner) {
    if (mfn_ != no_mfn) drop_use_and_reference(std::exchange(mfn_, no_mfn));
    if (hold_table(mfn, owner)) return {};
    if (mfn_ != no_mfn) {    // a table that became somebody else's meanwhile
        drop_use_and_reference(std::exchange(mfn_, no_mfn));
        return refuse(Error::invalid);
    }
    auto taken = take_writable(mfn, owner);
    if (!taken) return taken.error() == Error::again ? Outcome(Again{}) : Outcome(refuse(Error::invalid));
    mfn_ = std::move(*taken).into_table();
    use_ = Use::writable;
    return {};
}

Outcome set_table_entry(const TableHold& table, unsigned index, PageEntry wanted, AccessedDirty kept, const Parties& parties,
                        Budget& budget) {
    if (table.use() == Use::l1_table) [[likely]]    // of which the compiler makes its own
        return set(table.word(index), leaf_level, wanted, kept, parties, budget);
    const PageLevel level = level_of(table.use());
    return is_guest_slot(level, index) ? set(table.word(index), level, wanted, kept, parties, budget) : refuse(Error::invalid);
}

Step<bool> exchange_entry(const TableHold& table, unsigned index, PageEntry found, PageEntry wanted, DomainMemory& owner,
                          Budget& budget) {
    const auto replaced = replace(table.word(index), leaf_level, found, wanted, {&owner, &owner}, budget);
    TRY(replaced.outcome);
    if (replaced.written) advance_flush_time();
    return replaced.written;
}

}    // namespace basalt::paging
