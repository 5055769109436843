#include "devices/reference_clocks.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

TEST(reference_clocks, may_wrap_while_something_is_measured) {
    for (const unsigned width : {24U, 32U, 64U}) {
        const ReferenceClock clock{.mask = ~std::uint64_t{0} >> (64 - width)};
        EXPECT_EQ(clock.ticks_between(5, 12), 7U);
        EXPECT_EQ(clock.ticks_between(clock.mask - 2, 4), 7U) << width << " bits";
        EXPECT_EQ(clock.ticks_between(clock.mask, 0), 1U) << width << " bits";
    }
}

}  // namespace
}  // namespace basalt
