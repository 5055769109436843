// The machine's console, as the domain that has it reads and writes it.
#include <algorithm>
#include <array>
#include <limits>

#include "debug/log.hpp"
#include "devices/serial.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "hypercalls/pause.hpp"
#include "table/console_io.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::uint32_t chunk = 128;

Ending write(Registers& registers) {
    GuestPointer<char> from(registers.rdx);
    for (auto left = static_cast<std::uint32_t>(registers.rsi); left != 0;) {
        std::array<char, chunk> text;
        const std::uint32_t size = std::min(left, chunk);
        if (const auto read = from.read(std::span(text).first(size)); !read) return answer(registers, read);
        log_text({text.data(), size});
        from = from + size;
        left -= size;
        if (left == 0 || !better_pause()) continue;
        registers.rsi = left;
        registers.rdx = from.address();
        return Ending::resume;
    }
    return answer(registers, std::int64_t{0});
}

// How many characters there were, which must not look like an error. What cannot be written to the guest waits.
Result<std::int64_t> read(std::uint32_t count, GuestPointer<char> to) {
    if (count > std::numeric_limits<std::int32_t>::max()) return refuse(Error::too_big);
    std::uint32_t done = 0;
    while (done < count) {
        std::array<char, chunk> text;
        const SerialInput typed = look_at_serial(std::span(text).first(std::min(count - done, chunk)));
        if (typed.size == 0) break;
        TRY((to + done).write(std::span<const char>(text).first(typed.size)));
        if (take_serial(typed)) done += typed.size;
    }
    return done;
}

Ending read_some(Registers& registers) {
    return answer(registers, read(static_cast<std::uint32_t>(registers.rsi), GuestPointer<char>(registers.rdx)));
}

constexpr auto commands = bind<table::console_io, Handler>({
    {CONSOLEIO_write, write},
    {CONSOLEIO_read, read_some},
});

}  // namespace

// rdi: command, rsi: count, rdx: buffer.
Ending console_io(Registers& registers) {
    return give(commands, static_cast<std::uint32_t>(registers.rdi), registers);
}

}  // namespace basalt::hypercalls
