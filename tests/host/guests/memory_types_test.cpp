// What a guest may make of its memory types, and what it then reads.
#include "hvm_vcpu/memory_types.hpp"

#include <gtest/gtest.h>

#include <random>

namespace basalt {
namespace {

constexpr unsigned bits = 40;

TEST(memory_types, what_is_written_is_read_and_nothing_else_changes) {
    MemoryTypes types;
    ASSERT_TRUE(types.write(0x200, 0x8000'0006, bits));
    ASSERT_TRUE(types.write(0x20f, 0xff'8000'0800, bits));
    ASSERT_TRUE(types.write(0x26f, 0x0605'0401'0006'0605, bits));
    ASSERT_TRUE(types.write(0x2ff, 0xc06, bits));
    MemoryTypes expected;
    expected.range[0] = 0x8000'0006, expected.range[15] = 0xff'8000'0800;
    expected.fixed[10] = 0x0605'0401'0006'0605, expected.by_default = 0xc06;
    EXPECT_EQ(types, expected);
    EXPECT_EQ(types.read(0x200), 0x8000'0006u);
    EXPECT_EQ(types.read(0xfe), 0x508u);
    EXPECT_EQ(types.read(0x210), std::nullopt);
}

TEST(memory_types, what_is_refused_changes_nothing) {
    std::mt19937_64 random(1);
    MemoryTypes types;
    for (int round = 0; round < 200'000; ++round) {
        const auto number = static_cast<std::uint32_t>(0x1f0 + random() % 0x120);
        std::uint64_t value = random();
        if (round % 2 == 0) value &= 0x0606'0606'0606'0606;
        const MemoryTypes before = types;
        if (types.write(number, value, bits)) {
            EXPECT_EQ(types.read(number), value);
        } else {
            EXPECT_EQ(types, before);
        }
        for (const std::uint64_t fixed : types.fixed) ASSERT_TRUE(MemoryTypes::may_be_fixed(fixed));
        ASSERT_EQ(types.by_default & ~std::uint64_t{0xcff}, 0u);
    }
}

TEST(memory_types, capabilities_are_not_written) {
    MemoryTypes types;
    EXPECT_FALSE(types.write(0xfe, 0x508, bits));
    EXPECT_EQ(types, MemoryTypes{});
}

TEST(memory_types, page_attributes_have_six) {
    EXPECT_TRUE(may_be_page_attributes(0x0007'0406'0007'0406));
    EXPECT_TRUE(may_be_page_attributes(0x0007'0105'0007'0406));
    for (const std::uint64_t type : {2u, 3u, 8u, 0x80u})
        for (unsigned shift = 0; shift < 64; shift += 8) EXPECT_FALSE(may_be_page_attributes(type << shift));
}

}   // namespace
}   // namespace basalt
