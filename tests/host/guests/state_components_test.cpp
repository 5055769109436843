#include "machine/state_components.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

// As Intel's processors with AVX-512 have them.
constexpr ComponentPlaces places{{{}, {}, {576, 256}, {960, 64}, {1024, 64}, {1088, 64}, {1152, 512}, {1664, 1024}}};
constexpr std::uint64_t all = 0xe7;

TEST(state_components, all_fit_where_there_is_room) { EXPECT_EQ(components_that_fit(all, places, 2688), all); }

TEST(state_components, avx512_goes_as_a_whole) {
    for (const std::size_t room : {2687u, 1663u, 1100u, 832u}) EXPECT_EQ(components_that_fit(all, places, room), 7) << room;
}

TEST(state_components, without_avx_there_is_nothing_that_builds_on_it) {
    EXPECT_EQ(components_that_fit(all, places, 831), 3);
    auto elsewhere = places;
    elsewhere[2].offset = 3000;
    EXPECT_EQ(components_that_fit(all, elsewhere, 2752), 3);
}

TEST(state_components, what_is_not_wanted_is_not_looked_at) { EXPECT_EQ(components_that_fit(7, places, 832), 7); }

TEST(state_components, a_place_beyond_all_numbers_does_not_fit) {
    auto far = places;
    far[7] = {~0u, ~0u};
    EXPECT_EQ(components_that_fit(all, far, 2752), 7);
}

}  // namespace
}  // namespace basalt
