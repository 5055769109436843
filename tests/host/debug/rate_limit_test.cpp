#include "debug/rate_limit.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

constexpr std::uint64_t later = 1'000 * RateLimit::interval;

TEST(rate_limit, lets_a_burst_through_and_tells_how_many_it_did_not) {
    RateLimit limit;
    for (std::uint64_t count = 0; count < RateLimit::burst; ++count) EXPECT_EQ(limit.take(later), 0u);
    for (unsigned count = 0; count < 7; ++count) EXPECT_FALSE(limit.take(later + RateLimit::interval - 1));
    EXPECT_EQ(limit.take(later + RateLimit::interval), 7u);
    EXPECT_FALSE(limit.take(later + RateLimit::interval));
    EXPECT_EQ(limit.take(later + 2 * RateLimit::interval), 1u);
}

TEST(rate_limit, loses_no_part_of_an_interval_by_being_asked) {
    RateLimit limit;
    while (limit.take(0)) {}
    unsigned said = 0;
    for (std::uint64_t now = 0; now <= 10 * RateLimit::interval; now += RateLimit::interval / 4)
        said += limit.take(now).has_value();
    EXPECT_EQ(said, 10u);
}

TEST(rate_limit, saves_up_no_more_than_a_burst) {
    RateLimit limit;
    while (limit.take(0)) {}
    unsigned said = 0;
    while (limit.take(~std::uint64_t{0})) ++said;
    EXPECT_EQ(said, RateLimit::burst);
}

}  // namespace
}  // namespace basalt
