// What the stories of the page rules begin with: a domain with a table of each level, one below the other, and pages.
#pragma once

#include "abi/xen.hpp"
#include "world.hpp"

namespace basalt::paging {

inline constexpr std::uint64_t flags = page_bit::present | page_bit::writable | page_bit::user;

class Story : public ::testing::Test {
protected:
    Story() : world(1, 30), domain(world.domain(1)) {
        for (auto& mfn : frames) mfn = *populate(domain, Pfn(1), {.from_reserve = true});
        for (unsigned level = 4; level > 1; --level) table_at(table(level))[3] = PageEntry::of(table(level - 1), flags).raw();
        table_at(table(1))[5] = PageEntry::of(page(0), flags).raw();
    }
    Mfn table(unsigned level) const { return frames[level]; }
    Mfn page(unsigned which) const { return frames[which == 0 ? 0 : 4 + which]; }
    PageEntry entry(unsigned level, unsigned index) const { return PageEntry(table_at(table(level))[index]); }
    Step<> pinned(unsigned level) {
        Budget budget;
        return pin(table(level), PageLevel(level), domain, budget);
    }
    Step<> write(unsigned level, unsigned index, std::uint64_t value, std::uint64_t kind = MMU_NORMAL_PT_UPDATE) {
        Budget budget;
        TableHold hold;
        return update(hold, physical_of(table(level)) | index * 8 | kind, value, {&domain, &domain}, budget).as_step();
    }
    template <typename T>
    Error refusal(const Step<T>& step) {
        return step.refused() != nullptr ? *step.refused() : Error{};
    }
    void settle() {
        Budget budget(1 << 30);
        EXPECT_TRUE(finish_undoing(domain, budget));
        EXPECT_TRUE(world.consistent());
    }

    static constexpr std::uint64_t address = (3ULL << 39 | 3ULL << 30 | 3ULL << 21 | 5ULL << 12);
    World world;
    DomainMemory& domain;
    Mfn frames[10];
};

}  // namespace basalt::paging
