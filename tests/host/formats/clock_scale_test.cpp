#include "formats/clock_scale.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

class Scale : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Scale, AgreesWithDivisionForAnHour) {
    const auto hz = GetParam();
    const auto scale = scale_of(hz);
    EXPECT_GE(scale.multiplier, 0x8000'0000u);
    for (std::uint64_t seconds : {1u, 60u, 3600u}) {
        const auto nanoseconds = scale.apply(hz * seconds);
        const auto exact = seconds * nanoseconds_per_second;
        EXPECT_LE(nanoseconds, exact);
        EXPECT_NEAR(static_cast<double>(nanoseconds), static_cast<double>(exact), static_cast<double>(exact) / 1e9 + 2);
    }
}

TEST_P(Scale, NeverRunsBackwards) {
    const auto scale = scale_of(GetParam());
    std::uint64_t before = 0;
    for (std::uint64_t ticks = 0; ticks < 100000; ticks += 7) {
        const auto now = scale.apply(ticks);
        EXPECT_GE(now, before);
        before = now;
    }
}

INSTANTIATE_TEST_SUITE_P(Rates, Scale,
                         testing::Values(24'000'000, 999'999'999, 1'000'000'000, 1'000'000'001, 1'999'999'999, 2'000'000'000,
                                         2'000'000'001, 2'394'454'000, 5'700'000'000));

TEST(Rate, FollowsTheReference) {
    EXPECT_EQ(rate_of(47'889'080, 2'000'000, 100'000'000), 2'394'454'000u);
    EXPECT_EQ(rate_of(1, 0, 3'579'545), 0u);
}

TEST(Rate, BackAndForthEndsWhereItBegan) {
    const auto there = scale_between(nanoseconds_per_second, 2'394'454'000);
    const auto back = scale_of(2'394'454'000);
    for (std::uint64_t nanoseconds : {1'000ull, 1'000'000ull, 60'000'000'000ull})
        EXPECT_NEAR(static_cast<double>(back.apply(there.apply(nanoseconds))), static_cast<double>(nanoseconds),
                    static_cast<double>(nanoseconds) / 1e9 + 2);
}

// A deadline that a guest chooses never becomes a count that is over already: the timer would interrupt for ever.
TEST(Rate, NoDeadlineWrapsIntoThePast) {
    constexpr std::uint64_t longest = 3'600'000'000'000;
    for (const std::uint64_t hz : {24'000'000ull, 1'000'000'000ull, 2'394'454'000ull, 5'700'000'000ull}) {
        const auto scale = scale_between(nanoseconds_per_second, hz);
        for (const std::uint64_t now : {1ull, 1'000'000'007ull, 1ull << 40, 1ull << 58})
            for (unsigned power = 0; power < 64; ++power)
                for (const std::uint64_t away : {~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}}) {
                    const auto deadline = (std::uint64_t{1} << power) + away;
                    if (deadline <= now) continue;
                    const auto near = brought_nearer(deadline, now, longest);
                    EXPECT_GT(near, now);
                    EXPECT_LE(near, deadline);
                    EXPECT_LE(near - now, longest);
                    EXPECT_GE(scale.apply(near) + 1, scale.apply(now)) << deadline << " at " << now;
                }
    }
}

TEST(Division, OfWideNumbers) {
    EXPECT_EQ(divided(static_cast<unsigned __int128>(1) << 100, std::uint64_t{1} << 50), std::uint64_t{1} << 50);
    EXPECT_EQ(divided(999, 1000), 0u);
    EXPECT_EQ(divided(~static_cast<unsigned __int128>(0) >> 64, 1), ~std::uint64_t{0});
}

}  // namespace
}  // namespace basalt
