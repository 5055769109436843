#include "paging/pins.hpp"

#include <cstring>

#include "memory/allocator.hpp"
#include "paging/named.hpp"
#include "paging/take.hpp"

namespace basalt::paging {

Step<> pin(Mfn mfn, PageLevel level, DomainMemory& owner, Budget& budget) {
    if (level < leaf_level || level > root_level) return refuse(Error::invalid);
    FrameUse use = TRY(take_use(mfn, table_of_level(level), owner, budget));
    if (!frame(mfn).apply([](FrameWord word) { return word.pin(); })) return refuse(Error::invalid);
    static_cast<void>(std::move(use).into_table());
    return std::monostate{};
}

Result<> unpin(Mfn mfn, DomainMemory& owner) {
    const auto reference = TRY(FrameReference::take(mfn, owner.id));
    if (!frame(mfn).apply([](FrameWord word) { return word.unpin(); })) return refuse(Error::invalid);
    drop_use_and_reference(mfn);
    return {};
}

Result<> clear_page(Mfn mfn, DomainMemory& owner) {
    const auto use = take_writable(mfn, owner);
    if (!use) return refuse_as(Error::invalid, use.error());
    std::memset(contents(mfn), 0, page_size);
    return {};
}

Result<> copy_page(Mfn from, Mfn to, DomainMemory& owner) {
    const auto source = TRY(FrameReference::take(from, owner.id));
    const auto use = take_writable(to, owner);
    if (!use) return refuse_as(Error::invalid, use.error());
    std::memcpy(contents(to), contents(from), page_size);
    return {};
}

namespace {

constexpr std::int64_t cost_of_letting_go = 4;

// A check at rest has a user of its own, which leaves with what the check had taken so far.
void abandon_check(Mfn mfn) {
    Frame& record = frame(mfn);
    const auto index = record.owner_word().index();
    const auto use = record.word().use();
    const auto taken = record.apply([=](FrameWord word) {
        return word.partial() ? word.take_both(use) : std::unexpected(FrameRefusal::frame_in_other_use);
    });
    if (!taken) return;
    drop_entries(mfn, level_of(use), index);
    leave_unchecked(mfn);
}

void let_go(Mfn mfn, DomainMemory& owner) {
    Frame& record = frame(mfn);
    const auto mine = FrameReference::take(mfn, owner.id);
    if (!mine) return;
    if (record.apply([](FrameWord word) { return word.unpin(); })) drop_use_and_reference(mfn);
    if (record.word().partial()) abandon_check(mfn);
    if (record.let_go(owner.id)) drop_reference(mfn);
}

}    // namespace

Step<> release_all(DomainMemory& owner, std::uint64_t cursor, Budget& budget) {
    const Mfn end = memory_views.end;
    for (Mfn mfn(cursor); (mfn = owner.whereabouts.first_from(mfn, end)) < end; ++mfn) {
        if (budget.over()) return Again{mfn.raw};
        const bool is_its_own = frame(mfn).is_of(owner.id);
        budget.spend(is_its_own ? cost_of_letting_go : 1);
        if (is_its_own) let_go(mfn, owner);
    }
    if (!finish_undoing(owner, budget)) return Again{memory_views.end.raw};
    return std::monostate{};
}

}    // namespace basalt::paging
