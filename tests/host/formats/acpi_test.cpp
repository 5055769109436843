#include "formats/acpi.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

namespace basalt::acpi {
namespace {

// Tables are written here byte by byte, as the specification draws them.
class Table {
public:
    explicit Table(std::size_t size = 0) : bytes_(size) {}
    template <typename T>
    Table& put(std::size_t offset, T value) {
        if (bytes_.size() < offset + sizeof value) bytes_.resize(offset + sizeof value);
        std::memcpy(bytes_.data() + offset, &value, sizeof value);
        return *this;
    }
    Table& text(std::size_t offset, std::string_view text) {
        for (char letter : text) put(offset++, letter);
        return *this;
    }
    Table& add(std::initializer_list<int> bytes) {
        for (int byte : bytes) bytes_.push_back(static_cast<std::byte>(byte));
        return *this;
    }
    // Makes the first `length` bytes sum to zero by the byte at `where`.
    Table& checksum(std::size_t where, std::size_t length) {
        bytes_[where] = {};
        unsigned sum = 0;
        for (std::size_t at = 0; at < length; ++at) sum += std::to_integer<unsigned>(bytes_[at]);
        bytes_[where] = static_cast<std::byte>(0x100 - (sum & 0xff));
        return *this;
    }
    Bytes bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

Table old_root() { return Table(20).text(0, "RSD PTR ").put<std::uint32_t>(16, 0x7ffe'2000).checksum(8, 20); }
Table new_root() {
    Table table = Table(36).text(0, "RSD PTR ").put<std::uint8_t>(15, 2).put<std::uint32_t>(16, 0x7ffe'2000);
    return table.put<std::uint32_t>(20, 36).put<std::uint64_t>(24, 0x1'7ffe'3000).checksum(8, 20).checksum(32, 36);
}

TEST(RootPointer, OldOneNamesTheNarrowTable) { EXPECT_EQ(root_pointer(old_root().bytes()), (RootPointer{0x7ffe'2000, false})); }

TEST(RootPointer, NewOneNamesTheWideTable) { EXPECT_EQ(root_pointer(new_root().bytes()), (RootPointer{0x1'7ffe'3000, true})); }

TEST(RootPointer, WideTableIsNotBelievedWithoutItsChecksum) {
    auto table = new_root();
    table.put<std::uint64_t>(24, 0x1'7ffe'4000);
    EXPECT_EQ(root_pointer(table.bytes()), (RootPointer{0x7ffe'2000, false}));
}

TEST(RootPointer, BrokenOrCutShortIsRefused) {
    auto table = old_root();
    EXPECT_FALSE(root_pointer(table.bytes().first(19)));
    table.put<std::uint8_t>(17, 0xab);
    EXPECT_FALSE(root_pointer(table.bytes()));
}

TEST(RootPointer, IsFoundOnSixteenByteBoundariesOnly) {
    Table area(0x400);
    const auto root = old_root();
    for (std::size_t at = 0; at < 20; ++at) area.put(0x128 + at, root.bytes()[at]);
    EXPECT_FALSE(find_root_pointer(area.bytes()));
    for (std::size_t at = 0; at < 20; ++at) area.put(0x240 + at, root.bytes()[at]);
    EXPECT_EQ(find_root_pointer(area.bytes()), 0x240u);
    EXPECT_FALSE(find_root_pointer(area.bytes().first(0x250)));
}

TEST(RootTable, ListsTablesOfBothWidths) {
    const auto narrow = Table(36).put<std::uint32_t>(36, 0x1000).put<std::uint32_t>(40, 0x2000);
    const auto found = tables_of(narrow.bytes(), false);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1], 0x2000u);
    const auto wide = Table(36).put<std::uint64_t>(36, 0x1'0000'1000).add({1, 2, 3});
    ASSERT_EQ(tables_of(wide.bytes(), true).size(), 1u);
    EXPECT_EQ(tables_of(wide.bytes(), true)[0], 0x1'0000'1000u);
}

// As QEMU's q35 with two CPUs describes itself, with entries of other machines added.
Table two_cpus() {
    Table table = Table(44).put<std::uint32_t>(36, 0xfee0'0000).put<std::uint32_t>(40, 1);
    table.add({0, 8, 0, 0, 1, 0, 0, 0}).add({0, 8, 1, 1, 1, 0, 0, 0});
    table.add({0, 8, 2, 2, 0, 0, 0, 0});                                         // disabled
    table.add({9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0});                // x2APIC id 256
    table.add({9, 16, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0});                // the second CPU once more
    table.add({1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0});
    table.add({2, 10, 0, 0, 2, 0, 0, 0, 0, 0}).add({2, 10, 0, 9, 9, 0, 0, 0, 0xd, 0});
    table.add({4, 6, 0xff, 5, 0, 1});
    table.add({5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0});
    return table;
}

TEST(Madt, ListsProcessorsThatAreEnabledOnce) {
    const auto found = madt(two_cpus().bytes());
    ASSERT_EQ(found.processors.size(), 3u);
    EXPECT_EQ(found.processors[1].apic_id, 1u);
    EXPECT_EQ(found.processors[2].apic_id, 256u);
    EXPECT_EQ(found.processors[2].acpi_id, 7u);
    EXPECT_TRUE(found.has_8259);
    EXPECT_EQ(found.local_apic, 0x1'fee0'0000u);
}

TEST(Madt, ListsIoApicsOverridesAndNmis) {
    const auto found = madt(two_cpus().bytes());
    ASSERT_EQ(found.io_apics.size(), 1u);
    EXPECT_EQ(found.io_apics[0].address, 0xfec0'0000u);
    ASSERT_EQ(found.overrides.size(), 2u);
    EXPECT_EQ(found.overrides[0].gsi, 2u);
    EXPECT_EQ(found.overrides[0].trigger, Trigger::bus);
    EXPECT_EQ(found.overrides[1].trigger, Trigger::level);
    EXPECT_EQ(found.overrides[1].polarity, Polarity::high);
    ASSERT_EQ(found.nmis.size(), 1u);
    EXPECT_EQ(found.nmis[0].pin, 1);
}

TEST(Madt, AnEntryThatLeavesTheTableEndsTheReading) {
    const auto whole = two_cpus();
    for (std::size_t length = 0; length < whole.bytes().size(); ++length)
        EXPECT_LE(madt(whole.bytes().first(length)).processors.size(), 3u);
    auto stuck = two_cpus();
    stuck.put<std::uint8_t>(45, 0);      // an entry of length 0
    EXPECT_EQ(madt(stuck.bytes()).processors.size(), 0u);
}

TEST(Madt, CountsProcessorsItHasNoRoomFor) {
    Table table(44);
    for (int cpu = 0; cpu < 70; ++cpu) table.add({0, 8, cpu, cpu, 1, 0, 0, 0});
    EXPECT_EQ(madt(table.bytes()).processors.size(), most_cpus);
    EXPECT_EQ(madt(table.bytes()).processors_left_out, 70 - most_cpus);
}

TEST(Fadt, GivesPortsAndReset) {
    auto table = Table(244).put<std::uint16_t>(46, 9).put<std::uint32_t>(64, 0x604).put<std::uint32_t>(76, 0x608);
    table.put<std::uint8_t>(91, 4).put<std::uint32_t>(112, 1 << 10).put<std::uint8_t>(128, 0xf);
    table.put(116, GenericAddress{Space::port, 8, 0, 0, 0xcf9});
    const auto found = fadt(table.bytes());
    EXPECT_EQ(found.sci, 9);
    EXPECT_EQ(found.pm1a_control, 0x604u);
    EXPECT_EQ(found.pm_timer, 0x608u);
    EXPECT_FALSE(found.pm_timer_is_32_bit);
    ASSERT_TRUE(found.can_reset);
    EXPECT_EQ(std::uint64_t{found.reset.address}, 0xcf9u);
    EXPECT_EQ(found.reset_value, 0xf);
}

TEST(Fadt, WideFieldReplacesTheNarrowOneWhenItIsAPort) {
    auto table = Table(244).put<std::uint32_t>(64, 0x604);
    table.put(172, GenericAddress{Space::port, 16, 0, 2, 0x1804});
    EXPECT_EQ(fadt(table.bytes()).pm1a_control, 0x1804u);
    table.put(172, GenericAddress{Space::memory, 16, 0, 2, 0xfed0'1804});
    EXPECT_EQ(fadt(table.bytes()).pm1a_control, 0x604u);
}

TEST(Fadt, ShortTableOfAcpi1HasNoReset) {
    const auto found = fadt(Table(116).put<std::uint32_t>(112, 1 << 10).bytes());
    EXPECT_FALSE(found.can_reset);
}

TEST(OtherTables, HpetAndConfigurationSpaces) {
    EXPECT_EQ(hpet_address(Table(56).put(40, GenericAddress{Space::memory, 64, 0, 0, 0xfed0'0000}).bytes()), 0xfed0'0000u);
    EXPECT_FALSE(hpet_address(Table(45).bytes()));
    const auto mcfg = Table(44).put(44, ConfigurationSpace{0xb000'0000, 0, 0, 255, 0}).add({1, 2, 3});
    ASSERT_EQ(configuration_spaces(mcfg.bytes()).size(), 1u);
    EXPECT_EQ(configuration_spaces(mcfg.bytes())[0].last_bus, 255);
}

}  // namespace
}  // namespace basalt::acpi
