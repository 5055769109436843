// The machine's console, for the domain that may drive the machine.
#include <algorithm>
#include <array>
#include <string_view>

#include "debug/log.hpp"
#include "devices/serial.hpp"
#include "domain/domain.hpp"
#include "hypercalls/handlers.hpp"
#include "machine/entry.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::uint32_t piece = 128;
constexpr std::uint32_t most = 0x7fff'ffff;

// In pieces, between which interrupts come in: a serial line is slow.
Result<std::int64_t> write(std::uint32_t count, GuestPointer<char> text) {
    std::array<char, piece> characters;
    while (count != 0) {
        const std::uint32_t now = std::min(count, piece);
        TRY(text.read(std::span(characters).first(now)));
        log_text({characters.data(), now});
        text = text + now;
        count -= now;
        if (count != 0) poll_interrupts();
    }
    return 0;
}

Result<std::int64_t> read(std::uint32_t count, GuestPointer<char> text) {
    std::array<char, piece> characters;
    std::int64_t all = 0;
    while (count != 0) {
        const std::size_t got = read_serial(std::span(characters).first(std::min(count, piece)));
        if (got == 0) break;
        TRY(text.write(std::span<const char>(characters).first(got)));
        text = text + got;
        count -= static_cast<std::uint32_t>(got);
        all += static_cast<std::int64_t>(got);
    }
    return all;
}

}  // namespace

// rdi: CONSOLEIO_*, rsi: characters, rdx: where. Reading answers how many there were.
Result<std::int64_t> console_io(std::uint32_t command, std::uint32_t count, std::uint64_t buffer) {
    if (count > most) return refuse(Error::too_big);
    if (!caller_is_privileged()) return refuse(Error::not_permitted);
    switch (command) {
        case CONSOLEIO_write: return write(count, GuestPointer<char>(buffer));
        case CONSOLEIO_read: return read(count, GuestPointer<char>(buffer));
        default: return refuse(Error::not_implemented);
    }
}

}  // namespace basalt::hypercalls
