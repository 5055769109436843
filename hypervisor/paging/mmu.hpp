// What mmu_update and update_va_mapping do, one request at a time. Decoders loop, count and resume.
#pragma once

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
    Outcome hold(Mfn mfn, DomainMemory& owner) { return held_.mfn() == mfn ? Outcome{} : hold_another(mfn, owner); }
    Use use() const { return use_; }
    Mfn mfn() const { return held_.mfn(); }

private:
    Outcome hold_another(Mfn mfn, DomainMemory& owner);
    FrameUse held_;
    Use use_ = Use::none;
};

// The one writer of entries in checked tables: takes what the new entry names, exchanges, drops what the old
// one named. `index` is below 512.
Outcome set_entry(const TableHold& table, unsigned index, PageEntry wanted, AccessedDirty kept, const Parties& parties,
                  Budget& budget);

// The same of an entry of an L1 table that is `found`, where the guest or the processor may have changed it. False: it has, and
// nothing is done.
Step<bool> exchange_entry(const TableHold& table, unsigned index, PageEntry found, PageEntry wanted, DomainMemory& owner,
                          Budget& budget);

// One request of mmu_update, every kind. The hold may be kept from the request before.
Step<> update(TableHold& table, std::uint64_t ptr, std::uint64_t value, Parties parties, Budget& budget);

// The L1 entry that maps `address` under `root` becomes `value`. Flushing is the caller's.
Step<> update_va_mapping(Mfn root, std::uint64_t address, std::uint64_t value, Parties parties, Budget& budget);

// A guest's store to one of its own page tables, found by its page fault. `width` bytes at physical place
// `mfn`+`offset` shall change from `expected` to `desired` (both in the low bytes). Value: the bytes found;
// the store happened if they equal `expected`. A non-present result is written even if its other bits make no
// sense. Half-written entries (width < 8) are composed with the rest of the entry. Error::no_entry: the frame
// is no checked table, not ours to emulate.
Step<std::uint64_t> store_to_table(Mfn mfn, unsigned offset, std::uint64_t expected, std::uint64_t desired, unsigned width,
                                   DomainMemory& owner, Budget& budget);

// The entry of each level that translates `address`, by software, without holding anything: a hint to be
// checked.
struct Walk {
    PageEntry entries[5];   // [1] to [4]; the rest of a walk that ended early is zero
    bool mapped() const { return entries[1].present(); }
};
Walk walk(Mfn root, std::uint64_t address);

// The frame that holds the level-1 entry of `address`, likewise: whoever wants to write the entry, and has no use for what is
// in it. no_mfn: there is none.
Mfn l1_table_of(Mfn root, std::uint64_t address);

}   // namespace basalt::paging
