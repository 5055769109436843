// Where a hardware-assisted guest's code was found is believed only while nothing on the way there has changed.
#include "hvm_vcpu/kept_code.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

struct KeptCodeTest : testing::Test {
    KeptCodeTest() {
        save.cr0 = 0x8000'0011, save.cr3 = 0x4000, save.cr4 = 0x20, save.efer = 0x500;
        way.length = 2, way.is_wide = true;
        for (unsigned step = 0; step < way.length; ++step) {
            way.places[step] = reinterpret_cast<const std::byte*>(&tables[step]);
            way.entries[step] = tables[step];
        }
        kept.keep(save, address, way, page.data());
    }
    const std::byte* found(std::uint64_t at = address) const { return kept.find(save, at); }

    static constexpr std::uint64_t address = 0x40'1234;
    std::array<std::uint64_t, 2> tables{0x5003, 0x6083};
    std::array<std::byte, 16> page{};
    GuestState save{};
    KeptCode::Way way;
    KeptCode kept;
};

TEST_F(KeptCodeTest, IsFoundAnywhereInItsPage) {
    EXPECT_EQ(found(), page.data());
    EXPECT_EQ(found(0x40'1fff), page.data());
    EXPECT_EQ(found(0x40'2000), nullptr);
}

TEST_F(KeptCodeTest, IsForgottenWithTheTranslationsOfTheProcessor) {
    kept.drop();
    EXPECT_EQ(found(), nullptr);
}

TEST_F(KeptCodeTest, IsNotBelievedWhereAnEntryOnTheWayHasChanged) {
    for (std::uint64_t& entry : tables) {
        entry ^= 1;
        EXPECT_EQ(found(), nullptr);
        entry ^= 1;
        EXPECT_EQ(found(), page.data());
    }
}

TEST_F(KeptCodeTest, LooksAtAsMuchOfAnEntryAsTheWalkHas) {
    way.is_wide = false;
    kept.keep(save, address, way, page.data());
    tables[1] |= std::uint64_t{1} << 40;   // the next entry of a table of narrow ones
    EXPECT_EQ(found(), page.data());
    tables[1] ^= 1;
    EXPECT_EQ(found(), nullptr);
}

TEST_F(KeptCodeTest, IsNotBelievedWhereTheProcessorWalksOtherwise) {
    for (std::uint64_t GuestState::* const word : {&GuestState::cr0, &GuestState::cr3, &GuestState::cr4, &GuestState::efer}) {
        save.*word ^= 0x1000;
        EXPECT_EQ(found(), nullptr);
        save.*word ^= 0x1000;
    }
    save.cpl = 3;
    EXPECT_EQ(found(), nullptr);
}

}   // namespace
}   // namespace basalt
