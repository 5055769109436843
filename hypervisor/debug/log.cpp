#include "debug/log.hpp"

#include <array>
#include <atomic>

#include "core/lock.hpp"
#include "debug/ring.hpp"

namespace basalt {
namespace {

constexpr std::size_t longest_line = 256;

constinit std::array<char, least_log_room> first_room{};
constinit std::array<char, 4 * 1024> last_room{};      // for the words of a panic

struct Log {
    Ring ring;
    Level shown = Level::info;
    bool keeps_guests = false;

    void write(std::string_view text, bool show) {
        ring.write(text);
        if (show) console_write(text);
    }
};

class Journal {
public:
    template <typename Action>
    decltype(auto) with(Action&& action) {
        if (broken_open_.load(std::memory_order_relaxed)) return action(unguarded());
        return guarded_.with(std::forward<Action>(action));
    }
    void break_open() {
        if (!broken_open_.exchange(true)) last_resort_.shown = Level::debug;
    }

private:
    // A panic may come while this CPU, or one that is stopped by now, holds the lock: it writes elsewhere.
    Log& unguarded() { return last_resort_; }

    Guarded<Log, Rank::log> guarded_{Ring(first_room)};
    Log last_resort_{Ring(last_room)};
    std::atomic<bool> broken_open_{false};
};

constinit Journal journal;

}  // namespace

void log_line(Level level, std::string_view format, std::span<const Argument> arguments) {
    char line[longest_line] = "(XEN) ";
    constexpr std::size_t prefix = 6;
    auto used = prefix + format_into(std::span(line).subspan(prefix, longest_line - prefix - 1), format, arguments);
    line[used++] = '\n';
    journal.with([&](Log& log) { log.write({line, used}, level <= log.shown); });
}

void show_up_to(Level level) {
    journal.with([&](Log& log) { log.shown = level; });
}

void log_text(std::string_view text) {
    journal.with([&](Log& log) {
        if (log.keeps_guests) log.ring.write(text);
        console_write(text);
    });
}

void keep_guests_words() {
    journal.with([](Log& log) { log.keeps_guests = true; });
}

void keep_log_in(std::span<char> room) {
    journal.with([room](Log& log) { log.ring.move_to(room); });
}

RingRead read_log(std::uint32_t index, std::span<char> to) {
    return journal.with([&](Log& log) {
        const auto read = log.ring.read(index, to);
        return RingRead{read.copied, read.next};
    });
}

void forget_log_before(std::uint32_t index) {
    journal.with([index](Log& log) { log.ring.forget_before(index); });
}

void finish_log() {
    journal.with([](Log&) { console_finish(); });
}

void log_without_lock() {
    journal.break_open();
    console_finish();
}

void log_can_go_on() {
    journal.with([](Log&) { console_can_send(); });
}

}  // namespace basalt
