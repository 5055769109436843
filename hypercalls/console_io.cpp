// The machine's console, as the domain that has it reads and writes it.
#include <algorithm>
#include <array>
#include <limits>

#include "abi/xen.hpp"
#include "debug/log.hpp"
#include "devices/serial.hpp"
#include "hypercalls/commands.hpp"
#include "table/console_io.hpp"

namespace basalt::hypercalls {
namespace {

constexpr std::uint32_t chunk = 128;

Step<> write(Kept<std::uint32_t> count, Kept<GuestPointer<char>> buffer) {
    List<char> text(buffer, count);
    const auto write_some = [](GuestPointer<char> from, std::uint32_t size) -> Step<> {
        std::array<char, chunk> piece;
        if (const auto read = from.read(std::span(piece).first(size)); !read) return refuse(read.error());
        log_text({piece.data(), size});
        return std::monostate{};
    };
    return text.in_order(chunk, write_some, better_pause);
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

constexpr auto commands = bind<table::console_io>(does<CONSOLEIO_write, write>, does<CONSOLEIO_read, read>);

}  // namespace

template <>
Ending hypercall<table::console_io>(Call call) {
    return give(commands, call);
}

}  // namespace basalt::hypercalls
