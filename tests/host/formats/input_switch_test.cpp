#include "formats/input_switch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace basalt {
namespace {

using Owner = InputSwitch::Owner;

struct Console {
    InputSwitch input;
    std::string dom0, basalt;
    unsigned changes = 0;

    void type(std::string_view letters) {
        for (const char letter : letters)
            if (input.take(letter, [&](char taken) { (input.owner() == Owner::dom0 ? dom0 : basalt) += taken; })) ++changes;
    }
};

TEST(InputSwitch, Dom0HasTheInputUntilThreeSigns) {
    Console console;
    console.type("ls\n");
    EXPECT_EQ(console.dom0, "ls\n");
    console.type("\1\1\1h");
    EXPECT_EQ(console.basalt, "h");
    console.type("\1\1\1exit");
    EXPECT_EQ(console.dom0, "ls\nexit");
    EXPECT_EQ(console.changes, 2u);
}

TEST(InputSwitch, OneOrTwoSignsReachTheirOwnerWithTheNextLetter) {
    Console console;
    console.type("a\1");
    EXPECT_EQ(console.dom0, "a");
    console.type("b\1\1c");
    EXPECT_EQ(console.dom0, "a\1b\1\1c");
    EXPECT_EQ(console.changes, 0u);
}

TEST(InputSwitch, SignsThatAreInterruptedDoNotAddUp) {
    Console console;
    console.type("\1\1x\1y");
    EXPECT_EQ(console.dom0, "\1\1x\1y");
    EXPECT_EQ(console.input.owner(), Owner::dom0);
}

TEST(InputSwitch, SixSignsChangeTwice) {
    Console console;
    console.type("\1\1\1\1\1\1");
    EXPECT_EQ(console.changes, 2u);
    EXPECT_EQ(console.dom0 + console.basalt, "");
}

}  // namespace
}  // namespace basalt
