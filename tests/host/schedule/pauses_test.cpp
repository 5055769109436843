#include <gtest/gtest.h>

#include "schedule/pauses.hpp"

namespace basalt {
namespace {

TEST(pauses, a_group_is_held_until_the_last_pause_ends) {
    SchedulingGroup group;
    Pauses pauses(group, false);
    EXPECT_TRUE(group.may_run());
    EXPECT_TRUE(pauses.begin());
    EXPECT_TRUE(pauses.begin());
    EXPECT_TRUE(pauses.end());
    EXPECT_EQ(pauses.count(), 1u);
    EXPECT_FALSE(group.may_run());
    EXPECT_TRUE(pauses.end());
    EXPECT_TRUE(group.may_run());
}

TEST(pauses, one_that_there_is_not_does_not_end_and_takes_nothing_else_away) {
    SchedulingGroup group;
    Pauses pauses(group, false);
    group.hold(GroupHold::dying);
    EXPECT_EQ(pauses.end().error(), Error::invalid);
    EXPECT_EQ(pauses.count(), 0u);
    EXPECT_FALSE(group.may_run());
}

TEST(pauses, as_many_as_there_may_be_are_counted) {
    SchedulingGroup group;
    Pauses pauses(group, true);
    for (unsigned count = 1; count < Pauses::most; ++count) EXPECT_TRUE(pauses.begin());
    EXPECT_EQ(pauses.begin().error(), Error::overflow);
    EXPECT_EQ(pauses.count(), Pauses::most);
    for (unsigned count = 0; count < Pauses::most; ++count) EXPECT_TRUE(pauses.end());
    EXPECT_TRUE(group.may_run());
}

}  // namespace
}  // namespace basalt
