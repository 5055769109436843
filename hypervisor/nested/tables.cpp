#include "nested/tables.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/assert.hpp"
#include "memory/allocator.hpp"

namespace basalt::nested {
namespace {

std::span<std::uint64_t, entries_per_table> words(Mfn table) {
    return std::span<std::uint64_t, entries_per_table>(static_cast<std::uint64_t*>(contents(table)), entries_per_table);
}

Entry look(std::uint64_t& place) { return Entry(std::atomic_ref(place).load(std::memory_order_acquire)); }

void drop(Entry entry) {
    if (!entry.present()) return;
    if (entry.writable())
        drop_use_and_reference_of(entry.mfn(), Use::writable);
    else
        drop_reference(entry.mfn());
}

}    // namespace

Tables::~Tables() { ASSERT(root() == no_mfn && pool() == 0); }

Step<> Tables::set_pool(std::uint64_t frames, paging::Budget& budget) {
    for (; pool() < frames; pool_.fetch_add(1, std::memory_order_relaxed)) {
        if (budget.over()) return Again{};
        free_.put(TRY(allocate_frames()));
        budget.spend(1);
    }
    for (; pool() > frames; pool_.fetch_sub(1, std::memory_order_relaxed)) {
        if (budget.over()) return Again{};
        const auto unused = free_.take();
        if (!unused) return refuse(Error::busy);
        free_frames(*unused);
        budget.spend(1);
    }
    return std::monostate{};
}

Result<Mfn> Tables::new_table() {
    const auto table = free_.take();
    if (!table) return refuse(Error::no_memory);
    return *table;
}

// Whoever is second uses the first one's.
Result<Mfn> Tables::root_with_table() {
    Mfn now = root();
    if (now != no_mfn) return now;
    const Mfn made = TRY(new_table());
    if (root_.compare_exchange_strong(now, made, std::memory_order_acq_rel)) return made;
    free_.put(made);
    return now;
}

Result<Mfn> Tables::table_below(std::uint64_t& place) {
    const Entry entry = look(place);
    if (entry.present()) return entry.mfn();
    const Mfn made = TRY(new_table());
    std::uint64_t now = 0;
    if (std::atomic_ref(place).compare_exchange_strong(now, Entry::of_table(format_, made).raw(), std::memory_order_acq_rel))
        return made;
    free_.put(made);
    return Entry(now).mfn();
}

// Null where tables are missing on the way.
std::uint64_t* Tables::slot(Pfn page) const {
    if (page.raw >= most_pages) return nullptr;
    std::uint64_t* found = nullptr;
    walk_down(root(), root_level, page.raw << page_shift, [&](Mfn table, PageLevel level, unsigned index) {
        std::uint64_t& place = words(table)[index];
        if (level == leaf_level) {
            found = &place;
            return no_mfn;
        }
        const Entry entry = look(place);
        return entry.present() ? entry.mfn() : no_mfn;
    });
    return found;
}

// Tables that were made on a way that then ends for want of more stay: they are empty, and somebody's later.
Result<std::uint64_t*> Tables::slot_with_tables(Pfn page) {
    if (page.raw >= most_pages) return refuse(Error::invalid);
    Mfn table = TRY(root_with_table());
    PageLevel level = root_level;
    for (; level > leaf_level; level = below(level))
        table = TRY(table_below(words(table)[index_of(level, page.raw << page_shift)]));
    return &words(table)[index_of(level, page.raw << page_shift)];
}

// The processor never writes these entries (entry.hpp): what the exchange finds is what somebody put there. A page of
// another's becomes known where its owner's tables are not walked: while it is held, and before it is named.
Result<> Tables::put(Pfn page, Entry wanted) {
    std::uint64_t& place = *TRY(slot_with_tables(page));
    for (std::uint64_t last = last_.load(std::memory_order_relaxed); last < page.raw;)
        if (last_.compare_exchange_weak(last, page.raw, std::memory_order_relaxed)) break;
    if (Frame& named = frame(wanted.mfn()); !named.is_of(domain_)) named.make_known_to(Others::anybody);
    drop(Entry(std::atomic_ref(place).exchange(wanted.raw(), std::memory_order_acq_rel)));
    return {};
}

Result<> Tables::map(Pfn page, FrameUse frame) {
    TRY(put(page, Entry::of_page(format_, frame.mfn(), Access::write)));
    static_cast<void>(std::move(frame).into_table());
    return {};
}

Result<> Tables::map(Pfn page, FrameReference frame) {
    TRY(put(page, Entry::of_page(format_, frame.mfn(), Access::read)));
    static_cast<void>(std::move(frame).into_table());
    return {};
}

Result<> Tables::unmap(Pfn page, Mfn frame) {
    std::uint64_t* const place = slot(page);
    if (place == nullptr) return refuse(Error::no_entry);
    Entry found = look(*place);
    while (found.present() && found.mfn() == frame) {
        std::uint64_t now = found.raw();
        if (std::atomic_ref(*place).compare_exchange_strong(now, 0, std::memory_order_acq_rel)) {
            drop(found);
            return {};
        }
        found = Entry(now);
    }
    return refuse(Error::no_entry);
}

Result<Mfn> Tables::unmap(Pfn page) {
    std::uint64_t* const place = slot(page);
    if (place == nullptr) return refuse(Error::no_entry);
    const Entry found(std::atomic_ref(*place).exchange(0, std::memory_order_acq_rel));
    if (!found.present()) return refuse(Error::no_entry);
    drop(found);
    return found.mfn();
}

Entry Tables::find(Pfn page) const {
    std::uint64_t* const place = slot(page);
    return place == nullptr ? Entry() : look(*place);
}

// While the entry stays, so does the frame. It may be another's by the time it is taken: then the entry has changed.
Result<Tables::Taken> Tables::take(Pfn page) const {
    constexpr int tries = 16;
    for (int tried = 0; tried < tries; ++tried) {
        const Entry entry = find(page);
        if (!entry.present()) return refuse(Error::no_entry);
        auto taken = FrameReference::take(entry.mfn(), frame(entry.mfn()).owner());
        if (find(page) != entry) continue;
        if (!taken) return refuse(taken.error());
        return Taken{std::move(*taken), entry.writable()};
    }
    return refuse(Error::again);
}

// The first one that names no table: its pages are let go, and it is no table any more.
void Tables::take_a_table_apart(paging::Budget& budget) {
    Mfn table = root();
    std::uint64_t* place = nullptr;
    PageLevel level = root_level;
    for (; level > leaf_level; level = below(level)) {
        const auto below_it = std::ranges::find_if(words(table), [](std::uint64_t word) { return Entry(word).present(); });
        if (below_it == words(table).end()) break;
        place = &*below_it;
        table = Entry(*place).mfn();
    }
    if (level == leaf_level)
        for (std::uint64_t& word : words(table)) drop(Entry(std::exchange(word, 0)));
    if (place != nullptr)
        *place = 0;
    else
        root_.store(no_mfn, std::memory_order_release);
    free_.put(table);
    budget.spend(entries_per_table);
}

Step<> Tables::clear(paging::Budget& budget) {
    while (root() != no_mfn) {
        if (budget.over()) return Again{};
        take_a_table_apart(budget);
    }
    return set_pool(0, budget);
}

namespace {

void count_table(Mfn table, PageLevel level, paging::Audit& audit) {
    for (const std::uint64_t word : words(table)) {
        const Entry entry(word);
        if (!entry.present()) continue;
        if (level > leaf_level)
            count_table(entry.mfn(), below(level), audit);
        else if (entry.writable())
            audit.add_use(entry.mfn(), Use::writable);
        else
            audit.add_reference(entry.mfn());
    }
}

}    // namespace

void Tables::count_frames(paging::Audit& audit) const {
    if (root() != no_mfn) count_table(root(), root_level, audit);
}

}    // namespace basalt::nested
