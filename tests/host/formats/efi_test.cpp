#include "formats/efi.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace basalt::efi {
namespace {

// The fields that are read, at the places that the specification draws them.
std::vector<std::byte> system_table(std::uint64_t entries, std::uint64_t address) {
    std::vector<std::byte> bytes(system_table_size);
    std::memcpy(bytes.data(), "IBI SYST", 8);
    std::memcpy(bytes.data() + 104, &entries, 8);
    std::memcpy(bytes.data() + 112, &address, 8);
    return bytes;
}

// As UEFI writes them: 8868e871-e4f1-11d3-bc22-0080c73c8881.
constexpr char acpi_2[] = "\x71\xe8\x68\x88\xf1\xe4\xd3\x11\xbc\x22\x00\x80\xc7\x3c\x88\x81";
constexpr char acpi_1[] = "\x30\x2d\x9d\xeb\x88\x2d\xd3\x11\x9a\x16\x00\x90\x27\x3f\xc1\x4d";
constexpr char other[] = "\x31\x2d\x9d\xeb\x88\x2d\xd3\x11\x9a\x16\x00\x90\x27\x3f\xc1\x4d";

std::vector<std::byte> list(std::initializer_list<std::pair<const char*, std::uint64_t>> entries) {
    std::vector<std::byte> bytes;
    for (const auto& [guid, address] : entries) {
        bytes.resize(bytes.size() + 24);
        std::memcpy(bytes.data() + bytes.size() - 24, guid, 16);
        std::memcpy(bytes.data() + bytes.size() - 8, &address, 8);
    }
    return bytes;
}

TEST(efi, the_system_table_leads_to_the_list) {
    const auto found = configuration_table(system_table(3, 0x7f00'0000));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->address, 0x7f00'0000u);
    EXPECT_EQ(found->entries, 3u);
}

TEST(efi, what_is_no_system_table_is_not_followed) {
    auto damaged = system_table(3, 0x7f00'0000);
    damaged[0] = std::byte{'X'};
    EXPECT_FALSE(configuration_table(damaged));
    EXPECT_FALSE(configuration_table(system_table(1 << 20, 0x7f00'0000))) << "a list without end";
    EXPECT_FALSE(configuration_table(Bytes(damaged).first(100)));
    EXPECT_FALSE(configuration_table({}));
}

TEST(efi, the_newer_root_pointer_counts) {
    EXPECT_EQ(acpi_root_pointer(list({{other, 1}, {acpi_1, 2}, {acpi_2, 3}})), 3u);
    EXPECT_EQ(acpi_root_pointer(list({{acpi_1, 2}, {other, 1}})), 2u);
    EXPECT_FALSE(acpi_root_pointer(list({{other, 1}})));
    EXPECT_FALSE(acpi_root_pointer({}));
    const auto cut = list({{other, 1}, {acpi_2, 3}});
    EXPECT_FALSE(acpi_root_pointer(Bytes(cut).first(44)));
}

}  // namespace
}  // namespace basalt::efi
