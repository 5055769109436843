#include "boot/dom0/command_line.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace basalt::dom0 {
namespace {

struct Written {
    std::string line;
    std::size_t left;
    friend bool operator==(const Written&, const Written&) = default;
};

Written written(std::string_view words, std::uint64_t root_pointer = 0) {
    std::array<char, 32> to;
    to.fill('?');
    const auto left = write_command_line(to, words, root_pointer);
    return {std::string(to.data()), left};
}

TEST(command_line, words_are_kept_as_they_are) {
    EXPECT_EQ(written("console=hvc0"), (Written{"console=hvc0", 0}));
    EXPECT_EQ(written(""), (Written{"", 0}));
}

TEST(command_line, under_uefi_the_acpi_tables_are_told_before_them) {
    EXPECT_EQ(written("console=hvc0", 0x7fb7e014), (Written{"acpi_rsdp=0x7fb7e014 console=hv", 2}));
    EXPECT_EQ(written("quiet", 0x7fb7e014), (Written{"acpi_rsdp=0x7fb7e014 quiet", 0}));
}

TEST(command_line, what_has_no_room_is_counted) {
    EXPECT_EQ(written(std::string(31, 'a')), (Written{std::string(31, 'a'), 0}));
    EXPECT_EQ(written(std::string(40, 'a')), (Written{std::string(31, 'a'), 9}));
}

}  // namespace
}  // namespace basalt::dom0
