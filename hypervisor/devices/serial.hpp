// The serial console: what the line does not take at once is sent by interrupt, and so is input received. The seams that
// debug/log.hpp has for it are here too; the log's lock keeps their callers apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "devices/io_apic.hpp"
#include "formats/serial_options.hpp"

namespace basalt {

// Works from the first instruction on; before it, console_write() writes nowhere.
void open_serial(const SerialLine& line);

// Characters received and not yet taken. They are looked at first, and taken once they have reached whoever asked.
struct SerialInput {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
};
SerialInput look_at_serial(std::span<char> to);
// False: another reader has taken them meanwhile.
bool take_serial(SerialInput looked_at);

// The ports of the console, which Dom0 may not touch. Nothing while no console is open.
bool serial_owns_port(std::uint16_t port);
bool serial_owns_line(Gsi gsi);

// Takes the characters out of the device, and gives it what waits to be sent: the interrupt, or whoever has to poll.
void serial_interrupt();

// Seam of domain/: characters have arrived (VIRQ_CONSOLE).
void serial_input_arrived();
// Seam of keys/: one has arrived while Basalt has the input.
void console_key(char letter);

}  // namespace basalt
