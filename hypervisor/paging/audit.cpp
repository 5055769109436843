#include "paging/audit.hpp"

#include "paging/named.hpp"
#include "paging/rules.hpp"

namespace basalt::paging {

void Audit::add(Mfn mfn, std::uint32_t references, std::uint32_t users) {
    if (mfn.raw >= expected_.size()) return;
    expected_[mfn.raw].references += references;
    expected_[mfn.raw].users += users;
}

void Audit::count_entries(Mfn mfn, unsigned level, unsigned count) {
    const Table& table = table_at(mfn);
    for (unsigned i = 0; i < count; ++i) {
        const Entry entry(table[i]);
        if (!entry.present() || !is_guest_slot(level, i) || !is_ram(entry.mfn())) continue;
        add(entry.mfn(), 1, level > 1 || entry.writable() ? 1 : 0);
    }
}

void Audit::count_tables_and_holds() {
    for (Mfn mfn(0); mfn.raw < expected_.size() && has_record(mfn); ++mfn) {
        const Frame& record = frame(mfn);
        const auto word = record.word();
        const auto owner = record.owner_word();
        if (!record.is_ram() || word.free()) continue;
        if (owner.held() || owner.owner() == owner_hypervisor) add(mfn, 1, 0);
        if (word.pinned()) add(mfn, 1, 1);
        if (word.partial()) add(mfn, 1, 1);
        if (!is_table(word.use()) || word.users() == 0) continue;
        count_entries(mfn, level_of(word.use()),
                      word.checked()   ? entries_per_table
                      : word.partial() ? owner.index()
                                       : 0);
    }
}

std::optional<Disagreement> Audit::first_disagreement() const {
    for (Mfn mfn(0); mfn.raw < expected_.size() && has_record(mfn); ++mfn) {
        const auto word = frame(mfn).word();
        const auto& expected = expected_[mfn.raw];
        if (word.references() == expected.references && word.users() == expected.users && word.sound())
            continue;
        return Disagreement{mfn, word, frame(mfn).owner(), expected};
    }
    return std::nullopt;
}

}    // namespace basalt::paging
