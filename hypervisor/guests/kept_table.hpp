// The level-1 table that a request about a grant was about stays held for the next one of the same list. Nobody waits for it
// longer than for one part of a list.
#pragma once

#include <cstdint>

#include "formats/page_entry.hpp"
#include "grants/seams.hpp"
#include "paging/mmu.hpp"

namespace basalt::grants {

class KeptTable {
public:
    // The level-1 table of the address, where that is the one held: it was found in the guest's tables by a request before.
    bool is_of(std::uint64_t address) const { return region_ == address / size_at(PageLevel(2)); }

    paging::Outcome hold(Mfn table, DomainMemory& owner) {
        region_ = no_region;
        return table_.hold(table, owner);
    }
    void note(std::uint64_t address) { region_ = address / size_at(PageLevel(2)); }
    const paging::TableHold& table() const { return table_; }

private:
    static constexpr std::uint64_t no_region = ~std::uint64_t{0};
    paging::TableHold table_;
    std::uint64_t region_ = no_region;
};

}   // namespace basalt::grants
