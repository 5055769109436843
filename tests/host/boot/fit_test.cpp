#include "boot/dom0/fit.hpp"

#include <gtest/gtest.h>

#include "boot/option_values.hpp"

namespace basalt::dom0 {
namespace {

constexpr std::uint64_t mib = 256;        // frames
constexpr std::uint64_t gib = 1024 * mib;
constexpr std::uint64_t without_limit = 0xffff'ffff;

MemoryFit fitted(std::uint64_t all, const MemoryWish& wish, std::uint64_t needed = 100 * mib,
                 std::uint64_t listable = ~std::uint64_t{0}) {
    return fit_memory(wish, {.all = all, .needed = needed, .listable = listable});
}

MemorySize size(const char* text) { return *memory_size_in(text); }

void expect_clamped(const MemoryFit& fit, std::uint64_t frames, Clamp clamp, std::uint64_t wished) {
    EXPECT_EQ(fit.frames, frames);
    EXPECT_EQ(fit.clamp, clamp);
    EXPECT_EQ(fit.wished, wished);
}

TEST(fit, without_a_wish_it_is_all_less_a_sixteenth_of_which_128_mib_are_enough) {
    for (const auto all : {160 * mib, 512 * mib, gib, 2 * gib}) {
        EXPECT_EQ(fitted(all, {}).frames, all - all / 16);
        EXPECT_EQ(fitted(all, {}).clamp, Clamp::none);
        EXPECT_EQ(fitted(all, {}).most, without_limit);
    }
    for (const auto all : {3 * gib, 64 * gib, 16384 * gib}) EXPECT_EQ(fitted(all, {}).frames, all - 128 * mib);
    EXPECT_EQ(fitted(gib, {.size = MemorySize()}).frames, gib - 64 * mib);     // dom0_mem=0
}

TEST(fit, sizes_are_taken_as_they_are_where_there_is_so_much) {
    const auto fit = fitted(4 * gib, {.size = size("1G"), .most = size("2G")});
    EXPECT_EQ(fit.frames, gib);
    EXPECT_EQ(fit.most, 2 * gib);
    EXPECT_EQ(fit.clamp, Clamp::none);
    EXPECT_EQ(fitted(4 * gib, {.size = size("25%")}).frames, gib);
    EXPECT_EQ(fitted(4 * gib, {.size = size("1G+25%")}).frames, 2 * gib);
    EXPECT_EQ(fitted(4 * gib, {.size = size("-1G")}).frames, 3 * gib);
    EXPECT_EQ(fitted(4 * gib, {.size = size("-1G+25%")}).frames, 2 * gib);
}

TEST(fit, bounds_hold_and_the_upper_one_counts_more) {
    EXPECT_EQ(fitted(4 * gib, {.size = size("1G"), .least = size("2G")}).frames, 2 * gib);
    EXPECT_EQ(fitted(4 * gib, {.size = size("3G"), .most = size("2G")}).frames, 2 * gib);
    EXPECT_EQ(fitted(4 * gib, {.least = size("3G"), .most = size("2G")}).frames, 2 * gib);
    EXPECT_EQ(fitted(4 * gib, {.most = size("2G")}).frames, 2 * gib);
    EXPECT_EQ(fitted(4 * gib, {.most = size("50%")}).most, 2 * gib);
    EXPECT_EQ(fitted(4 * gib, {.most = size("16T")}).most, without_limit);
    EXPECT_EQ(fitted(4 * gib, {.size = size("3G"), .most = size("2G")}).clamp, Clamp::none) << "a wish obeyed";
}

TEST(fit, what_there_is_not_is_fitted_and_told) {
    expect_clamped(fitted(gib, {.size = size("100G")}), gib - 64 * mib, Clamp::more_than_there_is, 100 * gib);
    expect_clamped(fitted(gib, {.size = size("1G")}), gib - 64 * mib, Clamp::more_than_there_is, gib);
    expect_clamped(fitted(gib, {.least = size("2G")}), gib - 64 * mib, Clamp::more_than_there_is, 2 * gib);
    expect_clamped(fitted(gib, {.size = size("-0")}), gib - 64 * mib, Clamp::more_than_there_is, gib);
    expect_clamped(fitted(gib, {.size = size("-2G")}), gib - 64 * mib, Clamp::less_than_nothing, 2 * gib);
    EXPECT_EQ(fitted(gib, {.most = size("-2G")}).most, without_limit);
}

TEST(fit, a_kernel_that_does_not_fit_gets_room_to_work_as_far_as_there_is) {
    expect_clamped(fitted(gib, {.size = size("16M")}), 164 * mib, Clamp::too_little_to_start, 16 * mib);
    EXPECT_EQ(fitted(gib, {.size = size("100M")}).clamp, Clamp::none);
    EXPECT_EQ(fitted(128 * mib, {.size = size("16M")}).frames, 120 * mib);
    EXPECT_EQ(fitted(gib, {.size = size("16M"), .most = size("32M")}).frames, 32 * mib) << "a limit stays a limit";
    EXPECT_EQ(fitted(gib, {.size = size("16M")}, 10 * gib).frames, gib - 64 * mib);
}

TEST(fit, a_list_is_no_longer_than_there_is_room_for) {
    expect_clamped(fitted(4 * gib, {}, 100 * mib, gib), gib, Clamp::list_too_long, 4 * gib - 128 * mib);
}

TEST(fit, vcpus_are_as_many_as_cpus_within_the_bounds) {
    const auto vcpus = [](const char* text, std::uint32_t cpus) { return fit_vcpus(*vcpus_in(text), cpus); };
    EXPECT_EQ(fit_vcpus({}, 6), 6u);
    EXPECT_EQ(vcpus("3", 2), 3u);
    EXPECT_EQ(vcpus("1-16", 2), 2u);
    for (const auto [cpus, expected] : {std::pair{2u, 4u}, {4u, 4u}, {6u, 6u}, {8u, 8u}, {10u, 8u}})
        EXPECT_EQ(vcpus("4-8", cpus), expected);
    EXPECT_EQ(vcpus("-2", 6), 2u);
    EXPECT_EQ(vcpus("8-", 6), 8u);
    EXPECT_EQ(vcpus("200", 6), 64u);
    EXPECT_EQ(vcpus("1-200", 6), 6u);
}

}  // namespace
}  // namespace basalt::dom0
