#include "core/once.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

struct Pair {
    int first = 0, second = 0;
};

TEST(once, is_read_as_it_was_set) {
    Once<Pair> once;
    EXPECT_FALSE(once.is_set());
    once.set({1, 2});
    EXPECT_TRUE(once.is_set());
    EXPECT_EQ((*once).first, 1);
    EXPECT_EQ(once->second, 2);
}

TEST(once, is_set_step_by_step) {
    Once<Pair> once;
    once.set_in_place([](Pair& pair) {
        pair.first = 1;
        pair.second = pair.first + 1;
    });
    EXPECT_EQ(once->second, 2);
}

TEST(once_death, is_not_set_again) {
    Once<Pair> once;
    once.set({});
    EXPECT_DEATH(once.set({}), "is_set_");
    EXPECT_DEATH(once.set_in_place([](Pair&) {}), "is_set_");
}

TEST(once_death, is_not_read_before_it_is_set) {
    Once<Pair> once;
    EXPECT_DEATH(static_cast<void>(*once), "is_set_");
    EXPECT_DEATH(once.set_in_place([&](Pair& pair) { pair.first = once->second; }), "is_set_");
}

}  // namespace
}  // namespace basalt
