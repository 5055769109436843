#include "formats/serial_options.hpp"

#include <gtest/gtest.h>

namespace basalt {
namespace {

TEST(SerialOption, SaysSpeedFormPortAndInterrupt) {
    const SerialLine expected{.port = 0x2e8, .isa_irq = 5, .baud = 38400, .bits = 7, .stop_bits = 2, .parity = Parity::even};
    EXPECT_EQ(serial_line("38400,7e2,0x2e8,5", com1), expected);
}

TEST(SerialOption, WhatIsLeftOutStays) {
    auto expected = com2;
    expected.baud = 115200;
    EXPECT_EQ(serial_line("115200", com2), expected);
    EXPECT_EQ(serial_line("115200,8n1", com2), expected);
    EXPECT_EQ(serial_line("", com1), com1);
    auto moved = com1;
    moved.port = 0x3e8;
    EXPECT_EQ(serial_line("auto,,0x3e8", com1), moved);
}

TEST(SerialOption, MalformedIsRefused) {
    for (auto text : {"fast", "0", "115201", "9600,9n1", "9600,8x1", "9600,8n3", "9600,8n", "9600,8n1,0", "9600,8n1,0x",
                      "9600,8n1,0x3f8,16", "9600,8n1,0x3f8,4,more", "99999999999", "0xffff8"})
        EXPECT_FALSE(serial_line(text, com1)) << text;
}

}  // namespace
}  // namespace basalt
