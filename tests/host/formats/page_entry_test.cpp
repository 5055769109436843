// The way down the tables of an address.
#include <gtest/gtest.h>

#include <vector>

#include "formats/page_entry.hpp"

namespace basalt {
namespace {

TEST(Walk, SeesEachLevelOnceAndWhereTheAddressLeadsThere) {
    std::vector<unsigned> levels, indexes;
    walk_down(Mfn(7), root_level, 0x0000'7f40'4020'1000, [&](Mfn table, PageLevel level, unsigned index) {
        levels.push_back(level.raw);
        indexes.push_back(index);
        return level == leaf_level ? no_mfn : table + 1;
    });
    EXPECT_EQ(levels, (std::vector<unsigned>{4, 3, 2, 1}));
    EXPECT_EQ(indexes, (std::vector<unsigned>{254, 257, 1, 1}));
}

TEST(Walk, EndsWhereNoTableIsNext) {
    unsigned seen = 0;
    walk_down(Mfn(7), root_level, 0, [&](Mfn, PageLevel, unsigned) { return ++seen, no_mfn; });
    EXPECT_EQ(seen, 1u);
}

TEST(WalkDeathTest, BelowLevelOneThereIsNoTable) {
    const auto goes_on = [] { walk_down(Mfn(7), root_level, 0, [](Mfn table, PageLevel, unsigned) { return table; }); };
    EXPECT_DEATH(goes_on(), "level >= leaf_level");
}

}    // namespace
}    // namespace basalt
