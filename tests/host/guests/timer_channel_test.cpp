// A kernel measures its TSC by counter 2: it loads it, opens the gate, and waits for the output or reads the count.
#include "guests/pv/timer_channel.hpp"

#include <gtest/gtest.h>

namespace basalt {

static Instant now{1'000'000};
Instant system_time() { return now; }

namespace pv {
namespace {

void load(TimerChannel& channel, std::uint16_t count) {
    write_timer_channel(channel, 0x61, 1);
    write_timer_channel(channel, 0x43, 0xb0);
    write_timer_channel(channel, 0x42, static_cast<std::uint8_t>(count));
    write_timer_channel(channel, 0x42, static_cast<std::uint8_t>(count >> 8));
}

TEST(timer_channel, its_output_rises_when_the_count_is_over) {
    TimerChannel channel;
    load(channel, 11932);   // 10 ms
    EXPECT_EQ(read_timer_channel(channel, 0x61) & 0x20, 0);
    now = now + 9'900'000;
    EXPECT_EQ(read_timer_channel(channel, 0x61) & 0x20, 0);
    now = now + 200'000;
    EXPECT_EQ(read_timer_channel(channel, 0x61) & 0x20, 0x20);
}

TEST(timer_channel, its_count_goes_down_with_time) {
    TimerChannel channel;
    load(channel, 0xffff);
    now = now + 1'000'000;   // 1193 ticks
    write_timer_channel(channel, 0x43, 0x80);
    const unsigned low = read_timer_channel(channel, 0x42);
    now = now + 1'000'000;   // what is latched stays
    const unsigned high = read_timer_channel(channel, 0x42);
    EXPECT_NEAR(0xffff - (high << 8 | low), 1193, 1);
}

TEST(timer_channel, a_closed_gate_stops_it) {
    TimerChannel channel;
    write_timer_channel(channel, 0x61, 0);
    write_timer_channel(channel, 0x43, 0xb0);
    write_timer_channel(channel, 0x42, 1);
    write_timer_channel(channel, 0x42, 0);
    now = now + 1'000'000'000;
    EXPECT_EQ(read_timer_channel(channel, 0x61) & 0x20, 0);
    write_timer_channel(channel, 0x61, 1);
    now = now + 1'000;
    EXPECT_EQ(read_timer_channel(channel, 0x61) & 0x20, 0x20);
}

}  // namespace
}  // namespace pv
}  // namespace basalt
