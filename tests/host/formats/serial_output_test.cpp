#include "formats/serial_output.hpp"

#include <gtest/gtest.h>

#include <string>

namespace basalt {
namespace {

// What came out at the other end, and how many letters the line takes before it is busy.
struct Wire {
    std::string sent;
    std::size_t takes = 0;
    unsigned looks = 0;
    bool told = false;
    unsigned asked_whether_sent = 0;
};

struct TestLine {
    static constexpr unsigned depth = 4;
    Wire* wire = nullptr;
    bool can_send() {
        ++wire->looks;
        return wire->takes >= depth;
    }
    void send(char letter) {
        ASSERT_NE(wire->takes, 0u) << "a letter more than the line takes";
        --wire->takes;
        wire->sent += letter;
    }
    bool has_sent() {
        ++wire->asked_whether_sent;
        return true;
    }
    void tell_when_it_can(bool wanted) { wire->told = wanted; }
};

struct SerialOutputTest : testing::Test {
    Wire wire;
    SerialOutput<TestLine, 16> output{TestLine{&wire}};
};

using serial_output = SerialOutputTest;

TEST_F(serial_output, is_sent_at_once_before_there_are_interrupts) {
    wire.takes = 100;
    output.write("one\ntwo");
    EXPECT_EQ(wire.sent, "one\r\ntwo");
    EXPECT_FALSE(wire.told);
}

TEST_F(serial_output, waits_for_the_interrupt_where_the_line_is_busy) {
    output.try_interrupt();
    output.interrupted();
    wire.takes = 4;
    output.write("abcdefgh");
    EXPECT_EQ(wire.sent, "abcd");
    EXPECT_TRUE(wire.told);
    wire.takes = 4;
    output.interrupted();
    EXPECT_EQ(wire.sent, "abcdefgh");
    EXPECT_FALSE(wire.told) << "an edge that comes only once would be lost";
}

TEST_F(serial_output, is_waited_for_until_an_interrupt_has_come) {
    output.try_interrupt();
    EXPECT_TRUE(wire.told);
    wire.takes = 8;
    output.write("abcdefgh");
    EXPECT_EQ(wire.sent, "abcdefgh");
    EXPECT_TRUE(wire.told) << "nobody asks for it any more";
}

TEST_F(serial_output, goes_out_in_order_however_the_line_takes_it) {
    output.try_interrupt();
    output.interrupted();
    std::string expected;
    for (unsigned turn = 0; turn < 1000; ++turn) {
        const std::string text(turn % 7, static_cast<char>('a' + turn % 26));
        expected += text;
        wire.takes += 4 * (turn % 3);
        output.write(text);
    }
    wire.takes = 10'000;
    output.interrupted();
    EXPECT_EQ(wire.sent, expected);
    EXPECT_TRUE(output.empty());
}

TEST_F(serial_output, of_a_dead_line_is_lost_after_one_wait) {
    output.try_interrupt();
    output.interrupted();
    output.write(std::string(16, 'x'));
    output.write("y");
    const unsigned waited = wire.looks;
    output.write(std::string(1000, 'z'));
    EXPECT_LE(wire.looks, waited + 1001) << "each letter waited again";
    wire.takes = 100;                         // it moves again
    output.write("!");
    EXPECT_EQ(wire.sent, std::string(16, 'x') + "!");
}

TEST_F(serial_output, is_finished_by_waiting_and_so_is_all_that_follows) {
    output.try_interrupt();
    output.interrupted();
    output.write("last words");
    EXPECT_EQ(wire.sent, "");
    wire.takes = 100;
    output.finish();
    EXPECT_EQ(wire.sent, "last words");
    EXPECT_NE(wire.asked_whether_sent, 0u) << "the last letters are on their way";
    EXPECT_FALSE(wire.told);
    output.write(" and more");
    EXPECT_EQ(wire.sent, "last words and more");
}

}  // namespace
}  // namespace basalt
