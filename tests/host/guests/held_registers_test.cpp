#include "guests/held_registers.hpp"

#include <gtest/gtest.h>

#include <set>

namespace basalt {
namespace {

TEST(held_registers, agree_with_themselves) {
    HeldRegisters held{};
    std::uint64_t value = 1;
    for (const HeldRegister& one : held_registers) held.*one.value = value++;
    EXPECT_FALSE(first_difference(held, held).has_value());
}

TEST(held_registers, any_single_bit_of_any_register_is_a_difference_and_named) {
    for (const HeldRegister& one : held_registers)
        for (unsigned bit = 0; bit < 64; ++bit) {
            const HeldRegisters expected{};
            HeldRegisters found{};
            found.*one.value ^= std::uint64_t{1} << bit;
            const auto difference = first_difference(found, expected);
            ASSERT_TRUE(difference.has_value());
            EXPECT_EQ(difference->name, one.name);
        }
}

TEST(held_registers, each_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (const HeldRegister& one : held_registers) EXPECT_TRUE(names.insert(one.name).second) << one.name;
}

}  // namespace
}  // namespace basalt
