// The log. Lines are kept in a ring (XEN_SYSCTL_readconsole) and go to the serial console if their level is wanted.
//
//     log(Level::info, "cpu {} has {x} at {x16}", id, word, address);
//
// {} a number, Number<>, text, bool or character; {x} hexadecimal, {x16} the same in 16 digits. Wrong counts and kinds do
// not compile. A line gets "(XEN) " in front, which tools and people look for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/result.hpp"
#include "debug/format.hpp"

namespace basalt {

enum class Level : std::uint8_t { error, warning, info, debug };

void log_line(Level level, std::string_view format, std::span<const Argument> arguments);

template <typename... Kinds>
void log(Level level, Format<std::type_identity_t<Kinds>...> format, const Kinds&... values) {
    if constexpr (sizeof...(Kinds) == 0) {
        log_line(level, format.text, {});
    } else {
        const std::array<Argument, sizeof...(Kinds)> arguments{argument_of(values)...};
        log_line(level, format.text, arguments);
    }
}

// How serious a message must be: up to the first level each is told, up to the second so many. Nothing: none is.
struct Levels {
    std::optional<Level> always;
    std::optional<Level> limited;
};

// Lines above this level are only kept in the ring.
void show_up_to(Level level);

// What Dom0 wrote to the console: as it is, not a line of ours, and so not in the ring, or it would push ours out of it.
void log_text(std::string_view text);
// It is from now on (console_to_ring).
void keep_guests_words();

// More room for the ring, a power of two, for good.
inline constexpr std::size_t least_log_room = std::size_t{32} << 10;
void keep_log_in(std::span<char> room);

// Bytes of the ring from `index` on (an absolute count of bytes ever written), as many as fit; says where to go on.
struct RingRead {
    std::size_t copied = 0;
    std::uint32_t next = 0;
};
RingRead read_log(std::uint32_t index, std::span<char> to);
void forget_log_before(std::uint32_t index);

// Before the machine ends or halts: what waits for the console is sent, and from now on each line is when it is said.
void finish_log();
// In a panic the log's lock is nobody's any more; the rest is as above.
void log_without_lock();

// Of the console's interrupt: it takes text again.
void log_can_go_on();

// Seams: the serial console of devices/, under the log's lock. What it does not take at once waits, until it can send.
void console_write(std::string_view text);
void console_can_send();
void console_finish();

}  // namespace basalt
