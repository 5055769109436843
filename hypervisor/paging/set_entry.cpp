// Rule: each present entry of a checked table owns what it names. Only here are such entries written: what
// the new one names is taken first, and exactly what was replaced is dropped.
#include <atomic>

#include "paging/named.hpp"
#include "paging/rules.hpp"
#include "paging/seams.hpp"
#include "paging/set_entry.hpp"
#include "paging/take.hpp"

namespace basalt::paging {

namespace {

constexpr std::uint64_t accessed_dirty = Entry::accessed_bit | Entry::dirty_bit;

std::atomic_ref<std::uint64_t> word_of(Mfn table, unsigned index) {
    return std::atomic_ref(table_at(table)[index]);
}

Entry kept_from(Entry found, Entry wanted, AccessedDirty kept) {
    return kept == AccessedDirty::keep ? wanted.with(found.raw() & accessed_dirty) : wanted;
}

}    // namespace

Step<> TableHold::hold(Mfn mfn, DomainMemory& owner) {
    if (held_ && held_.mfn() == mfn) return std::monostate{};
    held_ = FrameUse();
    if (!has_record(mfn)) return refuse(Error::invalid);
    Frame& record = frame(mfn);
    if (record.owner() == owner.id) {
        const auto as_table = record.apply([](FrameWord word) -> Ruled {
            if (!word.checked() || !is_table(word.use())) return std::unexpected(Refusal::frame_in_other_use);
            return word.take_both(word.use());
        });
        if (as_table) {
            held_ = FrameUse::adopt(mfn);
            use_ = as_table->after.use();
            if (record.owner() == owner.id) return std::monostate{};
            held_ = FrameUse();
            return refuse(Error::invalid);
        }
    }
    auto taken = take_writable(mfn, owner);
    if (!taken) {
        if (taken.error() == Error::again) return Again{};
        return refuse(Error::invalid);
    }
    held_ = std::move(*taken);
    use_ = Use::writable;
    return std::monostate{};
}

Entry TableHold::read(unsigned index) const {
    return Entry(word_of(mfn(), index).load(std::memory_order_relaxed));
}

Step<bool> replace(TableHold& table, unsigned index, Entry found, Entry wanted, Parties parties,
                   Budget& budget) {
    const unsigned level = level_of(table.use());
    const auto word = word_of(table.mfn(), index);
    auto expected = found.raw();
    if (wanted.present()) {
        if (!permitted(level, wanted, parties.tables->hardware, entry_limits().forbidden))
            return refuse(Error::invalid);
        wanted = stored(level, wanted);
        if (found.present() && names_the_same(level, found, wanted))
            return word.compare_exchange_strong(expected, wanted.raw(), std::memory_order_acq_rel);
        const auto taken = take_named(level, wanted, parties, budget);
        if (!taken.done()) return not_done<bool>(taken);
        wanted = taken.value();
    }
    const bool written = word.compare_exchange_strong(expected, wanted.raw(), std::memory_order_acq_rel);
    drop_named(level, written ? found : wanted);
    return written;
}

Step<> set_entry(TableHold& table, unsigned index, Entry wanted, AccessedDirty kept, Parties parties,
                 Budget& budget) {
    if (!is_table(table.use())) {    // a page like any other
        word_of(table.mfn(), index).store(wanted.raw(), std::memory_order_relaxed);
        return std::monostate{};
    }
    if (!is_guest_slot(level_of(table.use()), index)) return refuse(Error::invalid);
    // Others lose the race as often as they win one: a vcpu of the guest, or the processor setting a bit.
    for (;;) {
        const Entry found = table.read(index);
        const auto replaced = replace(table, index, found, kept_from(found, wanted, kept), parties, budget);
        if (!replaced.done()) return not_done<std::monostate>(replaced);
        if (replaced.value()) return std::monostate{};
    }
}

Step<std::uint64_t> emulate_table_write(Mfn mfn, unsigned offset, std::uint64_t expected,
                                        std::uint64_t desired, unsigned width, DomainMemory& owner,
                                        Budget& budget) {
    const unsigned shift = offset % 8 * 8;
    if (width == 0 || offset % 8 + width > 8 || offset >= page_size) return refuse(Error::invalid);
    const auto mask = (width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << width * 8) - 1);
    if (!has_record(mfn) || frame(mfn).word().use() != Use::l1_table) return refuse(Error::no_entry);
    TableHold table;
    const auto held = table.hold(mfn, owner);
    if (!held.done()) return not_done<std::uint64_t>(held);
    if (table.use() != Use::l1_table) return refuse(Error::no_entry);
    for (;;) {
        const Entry found = table.read(offset / 8);
        const auto bytes = found.raw() >> shift & mask;
        if (bytes != (expected & mask)) return bytes;
        const Entry wanted((found.raw() & ~(mask << shift)) | (desired & mask) << shift);
        const auto replaced = replace(table, offset / 8, found, wanted, {&owner, &owner}, budget);
        if (!replaced.done()) return not_done<std::uint64_t>(replaced);
        if (replaced.value()) return bytes;
    }
}

}    // namespace basalt::paging
