// What mmu_update and update_va_mapping do, one request at a time. Decoders loop, count and resume.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/again.hpp"
#include "memory/domain_memory.hpp"
#include "memory/frame_reference.hpp"
#include "paging/budget.hpp"
#include "formats/page_entry.hpp"
#include "paging/outcome.hpp"

namespace basalt::paging {

// Whose tables, and whose pages they may name. The same domain unless the decoder has permitted otherwise.
struct Parties {
    DomainMemory* tables;
    DomainMemory* pages;
    // By a grant: whoever maps the page holds it until no CPU of his knows it any more (grants/map.hpp).
    bool granted = false;
};

enum class AccessedDirty : std::uint8_t { as_given, keep };

// A table in use, so that it stays one while its entries are written. Kept over a batch as long as requests
// name the same frame. An idle or writable frame is held as writable: its words are then merely written.
class TableHold {
public:
    TableHold() = default;
    TableHold(const TableHold&) = delete;
    TableHold& operator=(const TableHold&) = delete;
    [[gnu::always_inline]] ~TableHold() {
        if (mfn_ != no_mfn) drop_use_and_reference_of(mfn_, use_);
    }

    [[gnu::always_inline]] Outcome hold(Mfn mfn, DomainMemory& owner) {
        if (mfn_ == mfn) return {};
        return mfn_ == no_mfn && hold_table(mfn, owner) ? Outcome() : hold_another(mfn, owner);
    }
    Use use() const { return use_; }
    Mfn mfn() const { return mfn_; }
    // As it is now: the processor, and other vcpus of the guest, may change it meanwhile.
    PageEntry entry(unsigned index) const { return PageEntry(word(index).load(std::memory_order_relaxed)); }
    std::atomic_ref<std::uint64_t> word(unsigned index) const {
        return std::atomic_ref(static_cast<std::uint64_t*>(contents(mfn_))[index]);
    }

private:
    // One that is a table already: what most are.
    [[gnu::always_inline]] bool hold_table(Mfn mfn, DomainMemory& owner) {
        if (!has_record(mfn) || !frame(mfn).is_of(owner.id)) return false;
        const auto taken = frame(mfn).apply([](FrameWord word) { return word.take_as_table(); });
        if (!taken) return false;
        mfn_ = mfn;
        use_ = taken->after.use();
        return frame(mfn).is_of(owner.id);
    }
    Outcome hold_another(Mfn mfn, DomainMemory& owner);

    Mfn mfn_ = no_mfn;
    Use use_ = Use::none;
};

// The one writer of entries in checked tables: takes what the new entry names, exchanges, drops what the old
// one named. `index` is below 512.
Outcome set_table_entry(const TableHold& table, unsigned index, PageEntry wanted, AccessedDirty kept, const Parties& parties,
                        Budget& budget);

// That, or a word of a page that is no table: kernels write those of processes that do not run yet by mmu_update, too.
inline Outcome set_entry(const TableHold& table, unsigned index, PageEntry wanted, AccessedDirty kept, const Parties& parties,
                         Budget& budget) {
    if (is_table(table.use())) return set_table_entry(table, index, wanted, kept, parties, budget);
    table.word(index).store(wanted.raw(), std::memory_order_relaxed);
    return {};
}

// The same of an entry of an L1 table that is `found`, where the guest or the processor may have changed it. False: it has, and
// nothing is done. A non-present entry is written even if its other bits make no sense.
Step<bool> exchange_entry(const TableHold& table, unsigned index, PageEntry found, PageEntry wanted, DomainMemory& owner,
                          Budget& budget);

// One request of mmu_update, every kind. The hold may be kept from the request before.
Outcome update(TableHold& table, std::uint64_t ptr, std::uint64_t value, const Parties& parties, Budget& budget);

// The L1 entry that maps `address` under `root` becomes `value`. Flushing is the caller's.
Step<> update_va_mapping(Mfn root, std::uint64_t address, std::uint64_t value, Parties parties, Budget& budget);

// The level-1 entry that translates `address`, by software, without holding anything: a hint to be checked. Empty: there is
// none.
PageEntry leaf_of(Mfn root, std::uint64_t address);

// The frame that holds the level-1 entry of `address`, likewise: whoever wants to write the entry, and has no use for what is
// in it. no_mfn: there is none.
Mfn l1_table_of(Mfn root, std::uint64_t address);

}   // namespace basalt::paging
