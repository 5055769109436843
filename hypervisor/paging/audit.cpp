#include "paging/audit.hpp"

#include <algorithm>
#include <limits>

#include "memory/allocator.hpp"
#include "memory/m2p.hpp"
#include "paging/named.hpp"
#include "paging/rules.hpp"
#include "paging/seams.hpp"

namespace basalt::paging {

namespace {

constexpr std::uint32_t two_uses = 0x7f;

std::uint32_t coded(Use use) { return static_cast<std::uint32_t>(use); }

// What set_entry would have stored.
PageEntry as_stored(PageLevel level, PageEntry entry, bool hardware) {
    return stored(level, entry.without(refused_bits(level, hardware, forbidden_bits())));
}

}    // namespace

void Audit::add_reference(Mfn mfn) {
    if (mfn.raw < expected_.size()) ++expected_[mfn.raw].references;
}

void Audit::add_use(Mfn mfn, Use use) {
    if (mfn.raw >= expected_.size()) return;
    auto& expected = expected_[mfn.raw];
    ++expected.references;
    if (expected.users++ == 0)
        expected.use = coded(use) & two_uses;
    else if (expected.use != coded(use))
        expected.use = two_uses;
}

void Audit::add_lent(Mfn mfn, bool writable) {
    if (mfn.raw >= expected_.size()) return;
    auto& expected = expected_[mfn.raw];
    auto& lent = writable ? expected.lent_to_write : expected.lent_to_read;
    if (lent != Expected::too_many) ++lent;
}

void Audit::add_free_block(Mfn first, unsigned order) {
    for (auto mfn = first; mfn.raw < first.raw + (std::uint64_t{1} << order); ++mfn) {
        if (mfn.raw >= expected_.size()) return find(mfn, "place among the free frames", mfn.raw, 0);
        if (expected_[mfn.raw].is_free) return find(mfn, "times it is among the free frames", 2, 1);
        expected_[mfn.raw].is_free = 1;
    }
}

void Audit::count_free_blocks() {
    for (unsigned order = 0; order <= most_order; ++order)
        for (auto block = free_block_below(memory_views.end, order); block; block = free_block_below(*block, order))
            add_free_block(*block, order);
}

void Audit::find(Mfn mfn, std::string_view what, std::uint64_t found, std::uint64_t expected) {
    if (!in_tables_) in_tables_ = Finding{frame(mfn).owner(), "frame", mfn.raw, what, found, expected};
}

// A mapping is shown by one entry, or by none: a guest may have written over it.
void Audit::count_borrowed(Mfn table, PageEntry entry, DomainId owner) {
    switch (lending(owner, entry.mfn(), entry.writable())) {
        case Lending::none: return find(table, "entry that names a frame of another's", entry.raw(), 0);
        case Lending::by_privilege: return;
        case Lending::by_grant: break;
    }
    auto& expected = expected_[entry.mfn().raw];
    auto& lent = entry.writable() ? expected.lent_to_write : expected.lent_to_read;
    if (lent != Expected::too_many && lent != std::numeric_limits<std::int16_t>::min()) --lent;
}

void Audit::count_entry(Mfn table, PageLevel level, PageEntry entry, DomainId owner) {
    const Mfn named = entry.mfn();
    if (!is_ram(named)) {
        if (level > leaf_level || device_access(owner, named) == DeviceAccess::none)
            find(table, "entry that names device memory", entry.raw(), 0);
        return;
    }
    const DomainId other = frame(named).owner();
    if (level > leaf_level) {
        if (other != owner) find(table, "entry that names a table of another's", entry.raw(), 0);
        return add_use(named, table_of_level(below(level)));
    }
    if (other != owner) count_borrowed(table, entry, owner);
    if (entry.writable())
        add_use(named, Use::writable);
    else
        add_reference(named);
}

void Audit::count_entries(Mfn mfn, PageLevel level, unsigned count, DomainId owner) {
    const auto* const account = domain_memory_of(owner);
    if (account == nullptr) return find(mfn, "owner of a table", owner.raw, 0);
    const Table& table = table_at(mfn);
    const bool checked = frame(mfn).word().checked();
    for (unsigned i = next_present(table, 0, count); i < count; i = next_present(table, i + 1, count)) {
        if (!is_guest_slot(level, i)) continue;
        const PageEntry entry(table[i]);
        if (const PageEntry wanted = as_stored(level, entry, account->hardware); checked && wanted != entry)
            find(mfn, "entry", entry.raw(), wanted.raw());
        count_entry(mfn, level, entry, owner);
    }
    if (checked && level == root_level) compare_own_slots(mfn, owner);
}

void Audit::compare_own_slots(Mfn root, DomainId owner) {
    constexpr auto by_processor = page_bit::accessed | page_bit::dirty;
    const auto own = hypervisor_l4_entries(owner);
    for (unsigned slot = 0; slot < own.size(); ++slot) {
        const auto found = table_at(root)[layout::first_slot + slot];
        if (((found ^ own[slot].raw()) & ~by_processor) != 0) find(root, "entry of Basalt's", found, own[slot].raw());
    }
}

void Audit::count_tables_and_holds() {
    for (Mfn mfn(0); mfn.raw < expected_.size() && has_record(mfn); ++mfn) {
        const Frame& record = frame(mfn);
        const auto word = record.word();
        const auto owner = record.owner_word();
        if (!record.is_ram() || word.free()) continue;
        if (owner.held()) add_reference(mfn);
        if (word.pinned()) add_use(mfn, word.use());
        if (word.partial()) add_use(mfn, word.use());
        if (!is_table(word.use()) || word.users() == 0) continue;
        const unsigned done = word.checked() ? entries_per_table : word.partial() ? owner.index() : 0;
        count_entries(mfn, level_of(word.use()), done, owner.owner());
    }
}

std::optional<Finding> Audit::wrong_with(Mfn mfn) const {
    const auto word = frame(mfn).word();
    const auto owner = frame(mfn).owner();
    const auto& expected = expected_[mfn.raw];
    const auto differs = [&](std::string_view what, std::uint64_t found, std::uint64_t wanted) {
        return Finding{owner, "frame", mfn.raw, what, found, wanted};
    };
    if ((owner == owner_nobody) != (expected.is_free != 0))
        return differs("place among the free frames", owner == owner_nobody, expected.is_free);
    if (word.references() != expected.references) return differs("references", word.references(), expected.references);
    if (word.users() != expected.users) return differs("users", word.users(), expected.users);
    if (word.users() != 0 && coded(word.use()) != expected.use) return differs("use", coded(word.use()), expected.use);
    if (!word.sound()) return differs("record", word.raw(), 0);
    if (word.users() != 0 && !word.checked() && !word.partial()) return differs("unfinished check", 1, 0);
    const auto beyond = [](int left) { return static_cast<std::uint64_t>(std::max(-left, 0)); };
    if (const auto more = beyond(expected.lent_to_read))
        return differs("entries beyond the mappings that lend it to read", more, 0);
    if (const auto more = beyond(expected.lent_to_write))
        return differs("entries beyond the mappings that lend it to write", more, 0);
    const bool is_secret = owner == owner_nobody || (owner == owner_hypervisor && frame(mfn).owner_word().held());
    if (is_secret && m2p_of(mfn) != m2p_invalid) return differs("M2P entry", m2p_of(mfn), m2p_invalid);
    return std::nullopt;
}

std::optional<Finding> Audit::first_finding() const {
    if (in_tables_) return in_tables_;
    for (Mfn mfn(0); mfn.raw < expected_.size() && has_record(mfn); ++mfn) {
        if (frame(mfn).is_ram()) {
            if (auto wrong = wrong_with(mfn)) return wrong;
        } else if (frame(mfn).word().raw() != 0) {
            return Finding{owner_io, "frame", mfn.raw, "record of what is no RAM", frame(mfn).word().raw(), 0};
        }
    }
    return std::nullopt;
}

}    // namespace basalt::paging
