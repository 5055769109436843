#include <gtest/gtest.h>

#include <set>

#include "formats/pci.hpp"
#include "formats/redirection.hpp"
#include "formats/vectors.hpp"

namespace basalt {
namespace {

TEST(Redirection, EveryFieldSurvivesTheWord) {
    for (unsigned flags = 0; flags < 8; ++flags) {
        const Redirection entry{.vector = 0x5a,
                                .destination = 7,
                                .level = (flags & 1) != 0,
                                .active_low = (flags & 2) != 0,
                                .masked = (flags & 4) != 0};
        EXPECT_EQ(Redirection::of(entry.word()), entry);
    }
}

TEST(Redirection, DeliveryIsFixedAndPhysical) {
    const Redirection entry{.vector = 0xff, .destination = 0xff, .level = true, .active_low = true};
    EXPECT_EQ(entry.word() & 0x0f00, 0u);
}

TEST(Vectors, AreAllGivenOutOnceAndNoMore) {
    VectorPool pool;
    std::set<unsigned> seen;
    while (auto one = pool.take()) EXPECT_TRUE(seen.insert(*one).second);
    EXPECT_EQ(seen.size(), device_vector::last - device_vector::first + 1u);
    EXPECT_EQ(*seen.begin(), device_vector::first);
    EXPECT_EQ(*seen.rbegin(), device_vector::last);
    pool.give_back(0x80);
    EXPECT_EQ(pool.take(), 0x80);
    EXPECT_FALSE(pool.take());
}

TEST(Vectors, RunsBeginAtTheirOwnMultiple) {
    VectorPool pool;
    pool.take();
    const auto run = pool.take(8);
    ASSERT_TRUE(run);
    EXPECT_EQ(*run % 8, 0);
    for (unsigned vector = *run; vector < *run + 8u; ++vector) pool.give_back(static_cast<std::uint8_t>(vector));
    EXPECT_EQ(pool.take(8), run);
    EXPECT_FALSE(pool.take(256));
}

TEST(Pci, PortWordNamesTheRegister) { EXPECT_EQ((pci::Function{.bus = 2, .devfn = 0x1a}.port_word(0x3d)), 0x8002'1a3cu); }

TEST(Pci, MsiLayoutFollowsItsControlWord) {
    constexpr pci::MsiControl narrow{0}, wide{1 << 7}, full{1 << 7 | 1 << 8};
    EXPECT_EQ(narrow.data_offset(), 8);
    EXPECT_EQ(wide.data_offset(), 12);
    EXPECT_EQ(full.mask_offset(), 16);
    EXPECT_EQ(narrow.length(), 10);
    EXPECT_EQ(wide.length(), 14);
    EXPECT_EQ(full.length(), 24);
    EXPECT_EQ(full.with_count(3).word & 0x70, 0x30);
}

TEST(Pci, MsixTableSizeIsCountedFromOne) {
    EXPECT_EQ(pci::MsixControl{0x0003}.entries(), 4u);
    EXPECT_EQ(pci::MsixControl{0xffff}.entries(), 2048u);
    EXPECT_EQ(pci::MsixTable{0x2004}.bar(), 4u);
    EXPECT_EQ(pci::MsixTable{0x2004}.offset(), 0x2000u);
}

}  // namespace
}  // namespace basalt
