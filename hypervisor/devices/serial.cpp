// National Semiconductor PC16550D datasheet, section 8.
#include "devices/serial.hpp"

#include <atomic>
#include <optional>
#include <variant>

#include "core/lock.hpp"
#include "core/once.hpp"
#include "debug/log.hpp"
#include "devices/start.hpp"
#include "devices/io_apic.hpp"
#include "devices/local_apic.hpp"
#include "formats/input_switch.hpp"
#include "formats/serial_output.hpp"
#include "formats/vectors.hpp"
#include "machine/instructions.hpp"

namespace basalt {
namespace {

// Registers, as offsets from the port. With DLAB set the first two are the divisor.
// clang-format off: a table
enum : std::uint16_t { data = 0, divisor_low = 0, interrupt_enable = 1, divisor_high = 1, interrupt_identity = 2,
                       fifo_control = 2, line_control = 3, modem_control = 4, line_status = 5 };
// clang-format on

constexpr std::uint8_t divisor_latch = 0x80;
constexpr std::uint8_t fifo_on_and_empty = 0x07;
constexpr std::uint8_t ready_and_request = 0x03;      // DTR, RTS
constexpr std::uint8_t interrupt_line_on = 0x08;      // OUT2 lets the interrupt out of a PC's card
constexpr std::uint8_t tell_received = 0x01;
constexpr std::uint8_t tell_sent = 0x02;
constexpr std::uint8_t no_interrupt = 0x01;           // in its identity: nothing is left to be told
constexpr std::uint8_t has_received = 0x01;
constexpr std::uint8_t can_send = 0x20;               // with the FIFO on: 16 bytes of room
constexpr std::uint8_t has_sent = 0x40;
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

constinit Once<SerialLine> console;              // there need not be one
constinit Received received;
constinit InputSwitch input;                      // the interrupt's CPU alone
constinit Guarded<std::monostate, Rank::log> reader;

struct ConsoleLine {
    static constexpr unsigned depth = 16;
    bool can_send() const { return (in8(console->port + line_status) & basalt::can_send) != 0; }
    bool has_sent() const { return (in8(console->port + line_status) & basalt::has_sent) != 0; }
    void send(char letter) { out8(console->port + data, static_cast<std::uint8_t>(letter)); }
    void tell_when_it_can(bool wanted) {
        out8(console->port + interrupt_enable, static_cast<std::uint8_t>(tell_received | (wanted ? tell_sent : 0)));
    }
};
constinit SerialOutput<ConsoleLine> output;       // the log's lock guards it

// The line falls, and rises again for what is still to be told.
void tell_again(std::uint16_t port) {
    const std::uint8_t told = in8(port + interrupt_enable);
    out8(port + interrupt_enable, 0);
    out8(port + interrupt_enable, told);
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
    const auto form =
        static_cast<std::uint8_t>((line.bits - 5) | (line.stop_bits - 1) << 2 | static_cast<unsigned>(line.parity) << 3);
    if (line.baud != 0) {
        const auto divisor = clock_over_16 / line.baud;
        out8(port + line_control, divisor_latch);
        out8(port + divisor_low, static_cast<std::uint8_t>(divisor));
        out8(port + divisor_high, static_cast<std::uint8_t>(divisor >> 8));
    }
    out8(port + line_control, form);
    out8(port + fifo_control, fifo_on_and_empty);
    out8(port + modem_control, ready_and_request);
    console.set(line);
}

void console_write(std::string_view text) {
    if (console.is_set()) output.write(text);
}
void console_can_send() {
    if (console.is_set()) output.interrupted();
}
void console_finish() {
    if (console.is_set()) output.finish();
}

void start_serial_interrupts(bool output_too) {
    if (!console.is_set() || console->isa_irq == 0) return;
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
    serial_interrupt();
    if (output_too) output.try_interrupt();
}

// The interrupt is an edge of a line that all causes share: it comes again only if none is left when we leave.
void serial_interrupt() {
    if (!console.is_set()) return;
    const auto port = console->port;
    bool any = false;
    bool all_told = false;
    for (unsigned count = 0; count < 256 && !all_told; ++count) {
        const std::uint8_t status = in8(port + line_status);
        if (status & has_received) any |= arrived(static_cast<char>(in8(port + data)));
        if (status & can_send) log_can_go_on();
        all_told = !(status & has_received) && (in8(port + interrupt_identity) & no_interrupt);
    }
    if (!all_told) tell_again(port);
    if (any) serial_input_arrived();
}

SerialInput look_at_serial(std::span<char> to) {
    return reader.with([to](auto&) { return received.look(to); });
}

bool take_serial(SerialInput looked_at) {
    return reader.with([looked_at](auto&) { return received.take(looked_at); });
}

bool serial_owns_port(std::uint16_t port) { return console.is_set() && port >= console->port && port < console->port + 8; }
bool serial_owns_line(Gsi gsi) { return console.is_set() && console->isa_irq != 0 && isa_line(console->isa_irq).gsi == gsi; }

}  // namespace basalt
