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
        const auto nanoseconds = scale.nanoseconds(hz * seconds);
        const auto exact = seconds * nanoseconds_per_second;
        EXPECT_LE(nanoseconds, exact);
        EXPECT_NEAR(static_cast<double>(nanoseconds), static_cast<double>(exact), static_cast<double>(exact) / 1e9 + 2);
    }
}

TEST_P(Scale, NeverRunsBackwards) {
    const auto scale = scale_of(GetParam());
    std::uint64_t before = 0;
    for (std::uint64_t ticks = 0; ticks < 100000; ticks += 7) {
        const auto now = scale.nanoseconds(ticks);
        EXPECT_GE(now, before);
        before = now;
    }
}

INSTANTIATE_TEST_SUITE_P(Rates, Scale,
                         testing::Values(24'000'000, 999'999'999, 1'000'000'000, 1'000'000'001, 1'999'999'999,
                                         2'000'000'000, 2'000'000'001, 2'394'454'000, 5'700'000'000));

TEST(Rate, FollowsTheReference) {
    EXPECT_EQ(rate_of(47'889'080, 2'000'000, 100'000'000), 2'394'454'000u);
    EXPECT_EQ(rate_of(1, 0, 3'579'545), 0u);
}

TEST(Ticks, OfFarDeadlinesDoNotOverflow) {
    EXPECT_EQ(ticks_in(10 * nanoseconds_per_second, 3'000'000'000), 30'000'000'000u);
}

}  // namespace
}  // namespace basalt
