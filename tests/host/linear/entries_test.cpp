// Every bit of every kind of entry: which may not be there, which say where the page is, and how large it is.
#include <gtest/gtest.h>

#include <set>

#include "linear/guest.hpp"

namespace basalt::linear {
namespace {

struct Range {
    unsigned first, last;
};

// Sets each bit by itself, of an entry that works without, and notes which of them are reserved.
std::set<unsigned> reserved_bits(const Guest& guest, unsigned depth) {
    std::set<unsigned> found;
    EXPECT_TRUE(Guest(guest).walk());
    for (unsigned bit = 0; bit < 8 * static_cast<unsigned>(guest.width); ++bit) {
        Guest changed = guest;
        changed.change(depth, 0, std::uint64_t{1} << bit);
        const auto answer = changed.walk();
        if (!answer && answer.error() == Refusal{Refusal::Why::page_fault, 9}) found.insert(bit);
    }
    return found;
}
std::set<unsigned> numbers(std::initializer_list<Range> ranges) {
    std::set<unsigned> made;
    for (const Range range : ranges)
        for (unsigned bit = range.first; bit <= range.last; ++bit) made.insert(bit);
    return made;
}

Guest with_large(Guest guest, unsigned depth, std::uint64_t page) {
    guest.set(depth, page | p | w | u | large);
    return guest;
}

TEST(Reserved, Of32BitTables) {
    EXPECT_EQ(reserved_bits(guest_32(), 1), numbers({}));
    auto plain = guest_32();
    plain.mode.cr4 = 0;
    EXPECT_EQ(reserved_bits(plain, 0), numbers({})) << "without CR4.PSE";
    auto guest = with_large(guest_32(), 0, 0x40'0000);
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{17, 21}})) << "of 36 bits";
    guest.mode.physical_bits = 32;
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{13, 21}}));
    guest.mode.physical_bits = 40;
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{21, 21}}));
    guest.mode.physical_bits = 52;
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{21, 21}})) << "40 are all that it can say";
}

TEST(Reserved, OfPaeTables) {
    auto guest = guest_pae();
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{1, 2}, {5, 8}, {36, 63}}));
    EXPECT_EQ(reserved_bits(guest, 1), numbers({{7, 7}, {36, 62}})) << "a page there would not be aligned";
    EXPECT_EQ(reserved_bits(guest, 2), numbers({{36, 62}}));
    EXPECT_EQ(reserved_bits(with_large(guest, 1, 0x20'0000), 1), numbers({{13, 20}, {36, 62}}));
    guest.mode.efer = 0;
    guest.mode.physical_bits = 52;
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{1, 2}, {5, 8}, {52, 63}}));
    EXPECT_EQ(reserved_bits(guest, 1), numbers({{7, 7}, {52, 63}}));
    EXPECT_EQ(reserved_bits(guest, 2), numbers({{52, 63}}));
    EXPECT_EQ(reserved_bits(with_large(guest, 1, 0x20'0000), 1), numbers({{13, 20}, {52, 63}}));
}

TEST(Reserved, OfFourLevels) {
    auto guest = guest_64();
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{7, 7}, {40, 51}}));
    for (const unsigned depth : {1, 2})
        EXPECT_EQ(reserved_bits(guest, depth), numbers({{7, 7}, {40, 51}})) << "a page there would not be aligned";
    EXPECT_EQ(reserved_bits(guest, 3), numbers({{40, 51}}));
    EXPECT_EQ(reserved_bits(with_large(guest, 1, 0x4000'0000), 1), numbers({{13, 29}, {40, 51}}));
    EXPECT_EQ(reserved_bits(with_large(guest, 2, 0x20'0000), 2), numbers({{13, 20}, {40, 51}}));
    guest.mode.gigabyte_pages = false;
    EXPECT_EQ(with_large(guest, 1, 0x4000'0000).walk(), fault(9)) << "CPUID has none of them";
    guest.mode.efer &= ~nxe;
    EXPECT_EQ(reserved_bits(guest, 3), numbers({{40, 51}, {63, 63}}));
    EXPECT_EQ(reserved_bits(guest, 0), numbers({{7, 7}, {40, 51}, {63, 63}}));
    guest.mode.physical_bits = 52;
    EXPECT_EQ(reserved_bits(guest, 3), numbers({{63, 63}}));
}

// A policy that no processor has is one that some has.
TEST(Reserved, OfStrangePolicies) {
    auto guest = guest_64();
    guest.mode.physical_bits = 255;
    EXPECT_EQ(reserved_bits(guest, 3), numbers({}));
    guest.mode.physical_bits = 0;
    EXPECT_EQ(reserved_bits(guest, 3), numbers({{32, 51}}));
}

TEST(Reserved, TheCodeSaysWhoseAccessItWas) {
    auto guest = guest_64();
    guest.change(3, 0, std::uint64_t{1} << 45);
    EXPECT_EQ(guest.walk(write_by_user), fault(0xf));
    EXPECT_EQ(guest.walk(fetch_by_kernel), fault(0x19));
    guest.change(0, u | w, 0);
    EXPECT_EQ(guest.walk(read_by_user), fault(0xd)) << "told before the right that is lacking above";
    guest.change(3, p, 0);
    EXPECT_EQ(guest.walk(read_by_user), fault(4)) << "what is not present may have any bits";
}

TEST(Pages, AreAsLargeAsTheirLevelSays) {
    const auto place = [](Guest guest) { return *guest.walk(); };
    EXPECT_EQ(place(guest_32()), (Place{0x1'4567, 0xa99}));
    EXPECT_EQ(place(with_large(guest_32(), 0, 0xffc0'0000)), (Place{0xffc3'4567, 0x40'0000 - 0x3'4567}));
    EXPECT_EQ(place(guest_pae()), (Place{0x1'4567, 0xa99}));
    EXPECT_EQ(place(with_large(guest_pae(), 1, 0xf'ffe0'0000)), (Place{0xf'ffe3'4567, 0x20'0000 - 0x3'4567}));
    EXPECT_EQ(place(guest_64()), (Place{0x1'4567, 0xa99}));
    EXPECT_EQ(place(with_large(guest_64(), 2, 0xff'ffe0'0000)), (Place{0xff'ffe3'4567, 0x20'0000 - 0x3'4567}));
    EXPECT_EQ(place(with_large(guest_64(), 1, 0xff'c000'0000)), (Place{0xff'cc23'4567, 0x4000'0000 - 0xc23'4567}));
}

// PSE-36: bits 13 to 20 are 32 to 39 of the address; bit 12 is PAT everywhere.
TEST(Pages, MayBeAbove4GiBIn32BitTables) {
    auto guest = with_large(guest_32(), 0, 0x8040'0000 | 0xff << 13 | 1 << 12);
    guest.mode.physical_bits = 40;
    EXPECT_EQ(guest.walk()->address, 0xff'8043'4567u);
    auto wide = with_large(guest_64(), 2, 0x40'0000 | 1 << 12);
    EXPECT_EQ(wide.walk()->address, 0x43'4567u);
    auto small = guest_64();
    small.change(3, 0, large);
    EXPECT_EQ(small.walk()->address, 0x1'4567u) << "bit 7 of the last table is PAT";
}

TEST(Pages, WithoutPseThereAreNoneOf4MiB) {
    auto guest = guest_32();
    guest.change(0, 0, large);
    guest.mode.cr4 = 0;
    EXPECT_EQ(*guest.walk(), (Place{0x1'4567, 0xa99}));
    auto pae_guest = with_large(guest_pae(), 1, 0x20'0000);
    EXPECT_EQ(pae_guest.mode.cr4 & pse, 0u);
    EXPECT_EQ(pae_guest.walk()->address, 0x23'4567u) << "PAE needs no PSE";
}

}   // namespace
}   // namespace basalt::linear
