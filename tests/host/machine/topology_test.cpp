// What a machine's APIC ids say of cores and chips, by the leaves of real processors.
#include "machine/topology.hpp"

#include <gtest/gtest.h>

#include <map>
#include <utility>

namespace basalt {
namespace {

using Leaves = std::map<std::pair<std::uint32_t, std::uint32_t>, CpuidLeaf>;

ApicIdParts parts_of(const Leaves& leaves, bool amd = false) {
    return apic_id_parts(
        [&](std::uint32_t leaf, std::uint32_t subleaf) {
            const auto found = leaves.find({leaf, subleaf});
            return found != leaves.end() ? found->second : CpuidLeaf{};
        },
        amd);
}

TEST(Topology, LevelsSayWhereThreadsAndCoresEnd) {
    const Leaves leaves{{{0, 0}, {0x16, 0, 0, 0}}, {{0xb, 0}, {1, 2, 0x100, 0}}, {{0xb, 1}, {4, 12, 0x201, 0}}};
    const ApicIdParts parts = parts_of(leaves);
    EXPECT_EQ(parts, (ApicIdParts{.thread_bits = 1, .chip_bits = 4}));
    EXPECT_EQ(parts.place_of(0), (CpuPlace{.core = 0, .chip = 0}));
    EXPECT_EQ(parts.place_of(5), (CpuPlace{.core = 2, .chip = 0}));
    EXPECT_EQ(parts.place_of(0x1b), (CpuPlace{.core = 5, .chip = 1}));
}

TEST(Topology, AnEmptyLeafOfLevelsSaysNothing) {
    const Leaves leaves{{{0, 0}, {0xd, 0, 0, 0}}, {{1, 0}, {0, 2 << 16, 0, 1 << 28}}, {{4, 0}, {1 << 26, 0, 0, 0}}};
    EXPECT_EQ(parts_of(leaves), (ApicIdParts{.thread_bits = 0, .chip_bits = 1}));
}

TEST(Topology, WithoutLevelsIntelCountsLogicalProcessorsAndCores) {
    const Leaves leaves{{{0, 0}, {0xa, 0, 0, 0}}, {{1, 0}, {0, 16 << 16, 0, 1 << 28}}, {{4, 0}, {7u << 26, 0, 0, 0}}};
    EXPECT_EQ(parts_of(leaves), (ApicIdParts{.thread_bits = 1, .chip_bits = 4}));
}

TEST(Topology, WithoutLevelsAmdSaysHowManyBitsAChipHas) {
    const Leaves leaves{{{0, 0}, {1, 0, 0, 0}},
                        {{1, 0}, {0, 0, 0, 1 << 28}},
                        {{0x80000000, 0}, {0x8000001e, 0, 0, 0}},
                        {{0x80000001, 0}, {0, 0, 1 << 22, 0}},
                        {{0x80000008, 0}, {0, 0, 0x3005, 0}},
                        {{0x8000001e, 0}, {0, 0x100, 0, 0}}};
    EXPECT_EQ(parts_of(leaves, true), (ApicIdParts{.thread_bits = 1, .chip_bits = 3}));
}

TEST(Topology, OneProcessorIsOneCoreOfOneChip) {
    EXPECT_EQ(parts_of({}).place_of(0), (CpuPlace{}));
    EXPECT_EQ(parts_of({}, true).place_of(3), (CpuPlace{.core = 0, .chip = 3}));
}

TEST(Topology, AnIdOf32BitsIsTakenApartToo) {
    const ApicIdParts parts{.thread_bits = 1, .chip_bits = 31};
    EXPECT_EQ(parts.place_of(0xffffffff), (CpuPlace{.core = 0x3fffffff, .chip = 1}));
}

}  // namespace
}  // namespace basalt
