// National Semiconductor PC16550D datasheet, section 8.
#include "devices/serial.hpp"

#include <atomic>
#include <optional>
#include <variant>

#include "core/lock.hpp"
#include "debug/log.hpp"
#include "devices/start.hpp"
#include "devices/io_apic.hpp"
#include "devices/local_apic.hpp"
#include "formats/input_switch.hpp"
#include "formats/vectors.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

// Registers, as offsets from the port. With DLAB set the first two are the divisor.
enum : std::uint16_t { data = 0, divisor_low = 0, interrupt_enable = 1, divisor_high = 1, fifo_control = 2,
                       line_control = 3, modem_control = 4, line_status = 5 };

constexpr std::uint8_t divisor_latch = 0x80;
constexpr std::uint8_t fifo_on_and_empty = 0x07;
constexpr std::uint8_t ready_and_request = 0x03;      // DTR, RTS
constexpr std::uint8_t interrupt_line_on = 0x08;      // OUT2 lets the interrupt out of a PC's card
constexpr std::uint8_t tell_received = 0x01;
constexpr std::uint8_t has_received = 0x01;
constexpr std::uint8_t can_send = 0x20;               // with the FIFO on: 16 bytes of room
constexpr unsigned fifo_depth = 16;
constexpr unsigned clock_over_16 = 115200;

// What has been received waits here for Dom0. One writer (the interrupt's CPU) and one reader at a time.
class Received {
public:
    void put(char letter) {
        const auto head = head_.load(std::memory_order_relaxed);
        if (head - tail_.load(std::memory_order_acquire) == letters_.size()) return;   // full: it is lost
        letters_[head % letters_.size()] = letter;
        head_.store(head + 1, std::memory_order_release);
    }
    SerialInput look(std::span<char> to) const {
        SerialInput seen{.begin = tail_.load(std::memory_order_relaxed)};
        while (seen.size < to.size() && seen.begin + seen.size != head_.load(std::memory_order_acquire)) {
            to[seen.size] = letters_[(seen.begin + seen.size) % letters_.size()];
            ++seen.size;
        }
        return seen;
    }
    bool take(SerialInput seen) {
        if (tail_.load(std::memory_order_relaxed) != seen.begin) return false;
        tail_.store(seen.begin + seen.size, std::memory_order_release);
        return true;
    }

private:
    std::array<char, 1024> letters_{};
    std::atomic<std::uint32_t> head_{0};
    std::atomic<std::uint32_t> tail_{0};
};

constinit std::optional<SerialLine> console;      // set once, before other CPUs run
constinit Received received;
constinit InputSwitch input;                      // the interrupt's CPU alone
constinit Guarded<std::monostate, Rank::log> reader;

// A line without a device behind it reads all ones, and never has room. Waits are bounded for that reason.
void wait_until_it_can_send(std::uint16_t port) {
    for (unsigned tries = 0; tries < 1'000'000; ++tries)
        if (in8(port + line_status) & can_send) return;
}

void send(std::uint16_t port, char letter, unsigned& room) {
    if (room == 0) {
        wait_until_it_can_send(port);
        room = fifo_depth;
    }
    out8(port + data, static_cast<std::uint8_t>(letter));
    --room;
}

// Whether there is something for Dom0.
bool arrived(char letter) {
    bool any = false;
    const bool changed = input.take(letter, [&any](char taken) {
        if (input.owner() == InputSwitch::Owner::basalt) return console_key(taken);
        received.put(taken);
        any = true;
    });
    if (changed && input.owner() == InputSwitch::Owner::basalt)
        log(Level::info, "serial: input is Basalt's now: 'h' tells the keys, Ctrl-A three times gives it back");
    else if (changed)
        log(Level::info, "serial: input is Dom0's now; Ctrl-A three times takes it");
    return any;
}

}  // namespace

void open_serial(const SerialLine& line) {
    const auto port = line.port;
    out8(port + interrupt_enable, 0);
    const auto form = static_cast<std::uint8_t>((line.bits - 5) | (line.stop_bits - 1) << 2 |
                                                static_cast<unsigned>(line.parity) << 3);
    if (line.baud != 0) {
        const auto divisor = clock_over_16 / line.baud;
        out8(port + line_control, divisor_latch);
        out8(port + divisor_low, static_cast<std::uint8_t>(divisor));
        out8(port + divisor_high, static_cast<std::uint8_t>(divisor >> 8));
    }
    out8(port + line_control, form);
    out8(port + fifo_control, fifo_on_and_empty);
    out8(port + modem_control, ready_and_request);
    console = line;
}

void console_write(std::string_view text) {
    if (!console) return;
    const auto port = console->port;
    unsigned room = 0;
    for (char letter : text) {
        if (letter == '\n') send(port, '\r', room);
        send(port, letter, room);
    }
}

void start_serial_input() {
    if (!console || console->isa_irq == 0) return;
    const auto line = isa_line(console->isa_irq);
    const auto routed = write_redirection(line.gsi, {.vector = device_vector::console,
                                                     .destination = static_cast<std::uint8_t>(local_apic_id()),
                                                     .level = line.level,
                                                     .active_low = line.active_low,
                                                     .masked = false});
    if (!routed) {
        log(Level::warning, "serial: interrupt {} cannot be routed; the console takes no input", console->isa_irq);
        return;
    }
    out8(console->port + modem_control, ready_and_request | interrupt_line_on);
    out8(console->port + interrupt_enable, tell_received);
    receive_serial();
}

void receive_serial() {
    if (!console) return;
    const auto port = console->port;
    bool any = false;
    for (unsigned count = 0; count < 256 && (in8(port + line_status) & has_received); ++count) {
        const auto letter = static_cast<char>(in8(port + data));
        any |= arrived(letter);
    }
    if (any) serial_input_arrived();
}

SerialInput look_at_serial(std::span<char> to) {
    return reader.with([to](auto&) { return received.look(to); });
}

bool take_serial(SerialInput looked_at) {
    return reader.with([looked_at](auto&) { return received.take(looked_at); });
}

bool serial_owns_port(std::uint16_t port) { return console && port >= console->port && port < console->port + 8; }
bool serial_owns_line(Gsi gsi) {
    return console && console->isa_irq != 0 && isa_line(console->isa_irq).gsi == gsi;
}

}  // namespace basalt
