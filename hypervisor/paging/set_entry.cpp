// Rule: each present entry of a checked table owns what it names. Only here are such entries written: what
// the new one names is taken first, and exactly what was replaced is dropped.
#include <atomic>

#include "paging/named.hpp"
#include "paging/rules.hpp"
#include "paging/take.hpp"
#include "translations/flush_time.hpp"

namespace basalt::paging {

namespace {

constexpr std::uint64_t accessed_dirty = page_bit::accessed | page_bit::dirty;

using Word = std::atomic_ref<std::uint64_t>;

Word word_of(Mfn table, unsigned index) { return Word(table_at(table).data()[index]); }

PageEntry kept_from(PageEntry found, PageEntry wanted, AccessedDirty kept) {
    return kept == AccessedDirty::keep ? wanted.with(found.raw() & accessed_dirty) : wanted;
}

struct Replaced {
    Outcome outcome;
    bool written = false;    // false: the entry is another than was found; nothing has changed
};

// The entry, if it is still `found`, becomes `wanted`.
inline Replaced replace(Word word, PageLevel level, PageEntry found, PageEntry wanted, const Parties& parties, Budget& budget) {
    auto expected = found.raw();
    if (wanted.present()) {
        if (!permitted(level, wanted, parties.tables->hardware, forbidden_bits())) return {refuse(Error::invalid)};
        wanted = stored(level, wanted);
        if (found.present() && names_the_same(level, found, wanted))
            return {{}, word.compare_exchange_strong(expected, wanted.raw(), std::memory_order_acq_rel)};
        if (const auto taken = take_named(level, wanted, parties, budget); !taken.done()) return {taken};
        if (level == leaf_level) wanted = without_pretence(wanted, parties.tables->id);
    }
    const bool written = word.compare_exchange_strong(expected, wanted.raw(), std::memory_order_acq_rel);
    drop_named(level, written ? found : wanted);
    return {{}, written};
}

}    // namespace

// A frame that is a table is held as one; any other as a writable page.
Outcome TableHold::hold_another(Mfn mfn, DomainMemory& owner) {
    held_ = FrameUse();
    if (!has_record(mfn)) return refuse(Error::invalid);
    Frame& record = frame(mfn);
    if (!record.is_of(owner.id)) return refuse(Error::invalid);
    const auto as_table = record.apply([](FrameWord word) { return word.take_as_table(); });
    if (as_table) [[likely]] {
        held_ = FrameUse::adopt(mfn);
        use_ = as_table->after.use();
        if (record.is_of(owner.id)) return {};
        held_ = FrameUse();
        return refuse(Error::invalid);
    }
    auto taken = take_writable(mfn, owner);
    if (!taken) return taken.error() == Error::again ? Outcome(Again{}) : Outcome(refuse(Error::invalid));
    held_ = std::move(*taken);
    use_ = Use::writable;
    return {};
}

Outcome set_entry(const TableHold& table, unsigned index, PageEntry wanted, AccessedDirty kept, const Parties& parties,
                  Budget& budget) {
    const Word word = word_of(table.mfn(), index);
    if (!is_table(table.use())) {    // a page like any other
        word.store(wanted.raw(), std::memory_order_relaxed);
        return {};
    }
    const PageLevel level = level_of(table.use());
    if (!is_guest_slot(level, index)) return refuse(Error::invalid);
    // Others lose the race as often as they win one: a vcpu of the guest, or the processor setting a bit.
    for (;;) {
        const PageEntry found(word.load(std::memory_order_relaxed));
        const auto replaced = replace(word, level, found, kept_from(found, wanted, kept), parties, budget);
        if (replaced.written || !replaced.outcome.done()) return replaced.outcome;
    }
}

Step<bool> exchange_entry(const TableHold& table, unsigned index, PageEntry found, PageEntry wanted, DomainMemory& owner,
                          Budget& budget) {
    const auto replaced = replace(word_of(table.mfn(), index), leaf_level, found, wanted, {&owner, &owner}, budget);
    TRY(replaced.outcome);
    if (replaced.written) advance_flush_time();
    return replaced.written;
}

Step<std::uint64_t> store_to_table(Mfn mfn, unsigned offset, std::uint64_t expected, std::uint64_t desired, unsigned width,
                                   DomainMemory& owner, Budget& budget) {
    const unsigned shift = offset % 8 * 8;
    if (width == 0 || offset % 8 + width > 8 || offset >= page_size) return refuse(Error::invalid);
    const auto mask = (width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << width * 8) - 1);
    if (!has_record(mfn) || frame(mfn).word().use() != Use::l1_table) return refuse(Error::no_entry);
    TableHold table;
    TRY(table.hold(mfn, owner));
    if (table.use() != Use::l1_table) return refuse(Error::no_entry);
    const Word word = word_of(mfn, offset / 8);
    for (;;) {
        const PageEntry found(word.load(std::memory_order_relaxed));
        const auto bytes = found.raw() >> shift & mask;
        if (bytes != (expected & mask)) return bytes;
        const PageEntry wanted((found.raw() & ~(mask << shift)) | (desired & mask) << shift);
        const auto replaced = replace(word, leaf_level, found, wanted, {&owner, &owner}, budget);
        TRY(replaced.outcome);
        if (!replaced.written) continue;
        advance_flush_time();
        return bytes;
    }
}

}    // namespace basalt::paging
