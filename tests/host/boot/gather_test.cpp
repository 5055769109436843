#include "boot/gather.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "debug/panic.hpp"
#include "machine/image.hpp"

std::byte image_start[1], image_end[1];

namespace basalt {

std::uint64_t physical_in_image(const void*) { return 0; }
void panic_begins() {}
void panic_ends() { std::abort(); }
void show_stack(Frames) {}
void log_line(Level, std::string_view, std::span<const Argument>) {}

namespace {

constexpr std::uint32_t usable = 1, reserved = 2;
constexpr unsigned most_modules = 16, most_regions = 256;

TEST(gather, what_there_is_no_room_for_is_counted) {
    Gathered gathered;
    for (unsigned number = 0; number < most_modules + 3; ++number) gathered.module(number << 20, 1 << 20, "m");
    for (unsigned number = 0; number < most_regions + 2; ++number)
        gathered.region(std::uint64_t{number} << 20, 1 << 20, number % 2 == 0 ? usable : reserved);
    const auto& info = gathered.finish();
    EXPECT_EQ(info.modules.size(), most_modules);
    EXPECT_EQ(info.modules_left_out, 3);
    EXPECT_EQ(info.memory.size(), most_regions);
    EXPECT_EQ(info.regions_left_out, 2);
}

// Each reserved piece divides what is usable around it.
TEST(gather, and_so_are_pieces_that_the_map_falls_into) {
    Gathered gathered;
    gathered.region(0, std::uint64_t{1} << 40, usable);
    for (unsigned number = 1; number < most_regions; ++number) gathered.region(std::uint64_t{number} << 21, 1 << 20, reserved);
    const auto& info = gathered.finish();
    EXPECT_EQ(info.memory.size(), most_regions);
    EXPECT_EQ(info.regions_left_out, 2 * (most_regions - 1) + 1 - most_regions);
}

TEST(gather, where_all_has_room_nothing_is_left_out) {
    Gathered gathered;
    gathered.module(0, 1, "kernel");
    gathered.region(0, 1 << 20, usable);
    gathered.region(0, 0, usable);
    EXPECT_EQ(gathered.finish().modules_left_out, 0);
    EXPECT_EQ(gathered.finish().regions_left_out, 0);
}

}  // namespace
}  // namespace basalt
