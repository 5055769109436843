// Accessed and dirty: where they are set and where not, and what becomes of entries that change meanwhile.
#include <gtest/gtest.h>

#include <algorithm>

#include "linear/guest.hpp"

namespace basalt::linear {
namespace {

class Marks : public ::testing::TestWithParam<Guest (*)()> {
protected:
    Marks() : guest(GetParam()()) {}
    unsigned first() const { return guest.mode.tables().levels == 3 ? 1 : 0; }   // below PAE's root
    unsigned last() const { return guest.levels - 1; }

    Guest guest;
};

TEST_P(Marks, WhatIsUsedIsAccessedAndWhatIsWrittenDirty) {
    const std::uint64_t root = guest.entry(0);
    ASSERT_TRUE(guest.walk(read_by_user));
    for (unsigned depth = first(); depth <= last(); ++depth) EXPECT_EQ(guest.entry(depth) & 0x60, accessed) << depth;
    EXPECT_EQ(guest.memory.exchanges, guest.levels - first());
    ASSERT_TRUE(guest.walk(write_by_user));
    for (unsigned depth = first(); depth < last(); ++depth) EXPECT_EQ(guest.entry(depth) & 0x60, accessed) << depth;
    EXPECT_EQ(guest.entry(last()) & 0x60, accessed | dirty);
    EXPECT_EQ(guest.memory.exchanges, guest.levels - first() + 1);
    ASSERT_TRUE(guest.walk(write_by_kernel));
    ASSERT_TRUE(guest.walk(fetch_by_user));
    EXPECT_EQ(guest.memory.exchanges, guest.levels - first() + 1) << "what is marked is not written again";
    if (first() == 1) EXPECT_EQ(guest.entry(0), root) << "its entries have no marks";
}

TEST_P(Marks, NothingElseOfAnEntryChanges) {
    std::array<std::uint64_t, 4> before{};
    for (unsigned depth = first(); depth <= last(); ++depth) guest.change(depth, 0, 0xe18);
    for (unsigned depth = 0; depth <= last(); ++depth) before[depth] = guest.entry(depth);
    ASSERT_TRUE(guest.walk(write_by_user));
    for (unsigned depth = first(); depth <= last(); ++depth)
        EXPECT_EQ(guest.entry(depth), before[depth] | accessed | (depth == last() ? dirty : 0)) << depth;
}

TEST_P(Marks, WhatIsRefusedLeavesNone) {
    const Memory before = guest.memory;
    guest.mode.cr4 |= smep | smap;
    EXPECT_FALSE(guest.walk(read_by_kernel));
    EXPECT_FALSE(guest.walk(fetch_by_kernel));
    EXPECT_TRUE(guest.memory == before);
    guest.change(last(), p, 0);
    const Memory missing = guest.memory;
    EXPECT_FALSE(guest.walk(write_by_user));
    EXPECT_TRUE(guest.memory == missing);
    EXPECT_EQ(guest.memory.exchanges, 0u);
}

// Another vcpu maps something else between the look and the mark.
TEST_P(Marks, AnEntryThatChangedIsLookedAtAgain) {
    for (unsigned depth = first(); depth <= last(); ++depth) {
        auto one = GetParam()();
        const bool is_last = depth == last();
        one.memory.before_exchange = [&](std::uint64_t place) {
            if (place != one.place(depth)) return;
            one.set(depth, (is_last ? 0x3'3000 : (11 + depth) << 12) | 0x200 | p | w | u);
            one.memory.before_exchange = nullptr;
        };
        const auto found = one.walk(write_by_user);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->address, is_last ? 0x3'3567u : 0x1'4567u);
        EXPECT_EQ(one.entry(depth) & 0xfff, 0x200 | accessed | (is_last ? dirty : 0) | p | w | u);
    }
}

TEST_P(Marks, ARightThatWasTakenAwayMeanwhileIsGone) {
    guest.mode.cr0 |= wp;
    guest.memory.before_exchange = [&](std::uint64_t place) {
        if (place == guest.place(last())) guest.change(last(), w, 0);
    };
    EXPECT_EQ(guest.walk(write_by_kernel), fault(3));
    EXPECT_EQ(guest.entry(last()) & dirty, 0u);
}

TEST_P(Marks, WhatNeverStaysEndsAfterSomeWalks) {
    guest.memory.before_exchange = [&](std::uint64_t place) {
        if (place == guest.place(last())) guest.set(last(), guest.entry(last()) ^ 0x200);
    };
    EXPECT_EQ(guest.walk(), refused(Refusal::Why::changing));
    EXPECT_EQ(guest.memory.reads, most_walks * guest.levels);
}

TEST_P(Marks, WhereNoneCanBeWrittenThereIsNothing) {
    guest.memory.read_only = true;
    EXPECT_EQ(guest.walk(), refused(Refusal::Why::nothing_there));
    guest.memory.read_only = false;
    EXPECT_TRUE(guest.walk());
    guest.memory.read_only = true;
    EXPECT_TRUE(guest.walk()) << "nothing has to be written";
}

INSTANTIATE_TEST_SUITE_P(Modes, Marks, ::testing::Values(guest_32, guest_pae, guest_64), [](const auto& test) {
    return test.param().levels == 2 ? "Bits32" : test.param().levels == 3 ? "Pae" : "Bits64";
});

// Kernels map their tables by an entry that leads to its own table: one entry is then passed at every level, and marked while
// the walk goes on.
TEST(Marks, OfATableThatLeadsToItself) {
    auto guest = guest_64();
    guest.memory.put(0xa000 + 0x1ed * 8, 0xa000 | p | w, Width::eight_bytes);
    guest.address = 0xffff'f6fb'7dbe'df68;   // the entry by which it is
    const auto found = guest.walk(write_by_kernel);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->address, 0xaf68u);
    EXPECT_EQ(guest.memory.peek(0xaf68, Width::eight_bytes), 0xa000 | p | w | accessed | dirty);
}

}   // namespace
}   // namespace basalt::linear
