#include "guests/pv/timer_channel.hpp"

#include "schedule/time.hpp"

namespace basalt::pv {
namespace {

constexpr std::uint64_t frequency = 1'193'182;   // Hz
constexpr std::uint8_t gate = 1;
constexpr std::uint8_t output = 1 << 5;
constexpr std::uint8_t writable_control = 3;

std::uint64_t ticks_since_start(const TimerChannel& channel) {
    if (channel.started == never) return 0;
    const Nanoseconds elapsed = system_time() - channel.started;
    constexpr std::uint64_t second = 1'000'000'000;
    return elapsed / second * frequency + elapsed % second * frequency / second;
}

std::uint64_t initial_count(const TimerChannel& channel) { return channel.count == 0 ? 0x10000 : channel.count; }

std::uint16_t current_count(const TimerChannel& channel) {
    return static_cast<std::uint16_t>(initial_count(channel) - ticks_since_start(channel));
}

bool output_high(const TimerChannel& channel) {
    return channel.started != never && ticks_since_start(channel) >= initial_count(channel);
}

void start_if_open(TimerChannel& channel) { channel.started = (channel.control & gate) != 0 ? system_time() : never; }

// Intel 8254, control word: counter in bits 7 and 6, 00 in bits 5 and 4 latches. Both bytes are assumed, low first.
void command(TimerChannel& channel, std::uint8_t value) {
    if (value >> 6 != 2) return;
    if ((value >> 4 & 3) == 0) {
        channel.latched = current_count(channel);
        channel.is_latched = true;
        channel.low_read_next = true;
        return;
    }
    channel.low_byte_next = true;
    channel.low_read_next = true;
    channel.is_latched = false;
    channel.started = never;
}

std::uint8_t read_count(TimerChannel& channel) {
    const std::uint16_t count = channel.is_latched ? channel.latched : current_count(channel);
    const bool low = channel.low_read_next;
    channel.low_read_next = !low;
    if (!low) channel.is_latched = false;
    return static_cast<std::uint8_t>(low ? count : count >> 8);
}

void write_count(TimerChannel& channel, std::uint8_t value) {
    if (channel.low_byte_next)
        channel.count = static_cast<std::uint16_t>((channel.count & 0xff00) | value);
    else
        channel.count = static_cast<std::uint16_t>((channel.count & 0xff) | value << 8);
    channel.low_byte_next = !channel.low_byte_next;
    if (channel.low_byte_next) start_if_open(channel);
}

}  // namespace

std::uint8_t read_timer_channel(TimerChannel& channel, std::uint16_t port) {
    switch (port) {
        case 0x42: return read_count(channel);
        case 0x61: return static_cast<std::uint8_t>(channel.control | (output_high(channel) ? output : 0));
        default: return 0xff;
    }
}

void write_timer_channel(TimerChannel& channel, std::uint16_t port, std::uint8_t value) {
    if (port == 0x42) return write_count(channel, value);
    if (port == 0x43) return command(channel, value);
    const bool was_open = (channel.control & gate) != 0;
    channel.control = value & writable_control;
    if (!was_open && (channel.control & gate) != 0) start_if_open(channel);
}

}  // namespace basalt::pv
