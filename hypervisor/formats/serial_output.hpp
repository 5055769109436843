// What is said on a serial line, which takes some letters at once and is then busy with them: the rest waits here, and nobody
// waits for it. `Line` supplies: bool can_send(), whether it takes letters now; unsigned depth, how many then; send(letter);
// bool has_sent(), whether the last has left; tell_when_it_can(bool), by an interrupt that calls interrupted().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace basalt {

template <typename Line, std::size_t room = std::size_t{16} << 10>
class SerialOutput {
public:
    constexpr explicit SerialOutput(Line line = {}) : line_(line) {}
    Line& line() { return line_; }

    // All of it is sent, or waits. Where there is no more room, or nobody tells when the line is free, we wait for the line.
    void write(std::string_view text) {
        for (const char letter : text) {
            if (letter == '\n') put('\r');
            put(letter);
        }
        by_interrupt_ ? send_what_it_takes() : send_all();
    }

    // An interrupt is asked for; once one has come, they are relied on.
    void try_interrupt() {
        finished_ = false;
        tell_when_it_can(true);
    }
    // What the line takes now.
    void interrupted() {
        by_interrupt_ = !finished_;
        send_what_it_takes();
    }

    // From now on whoever writes waits until it is sent. What has been is on its way when this returns.
    void finish() {
        finished_ = true;
        by_interrupt_ = false;
        send_all();
        for (unsigned tries = 0; !dead_ && tries < most_tries && !line_.has_sent(); ++tries) {}
    }

    bool empty() const { return begin_ == end_; }

private:
    static_assert((room & (room - 1)) == 0, "positions wrap round with the room");

    static constexpr unsigned most_tries = 1'000'000;

    void send_what_it_takes() {
        while (!empty() && line_.can_send()) send_some();
        tell_when_it_can(!empty());
    }
    void put(char letter) {
        if (end_ - begin_ == room && !wait_for_line()) return;   // lost: the line is dead
        if (end_ - begin_ == room) send_some();
        letters_[end_++ % room] = letter;
    }
    void send_all() {
        while (!empty() && wait_for_line()) send_some();
        if (finished_) tell_when_it_can(false);
    }
    void send_some() {
        for (auto count = std::min<std::size_t>(end_ - begin_, Line::depth); count != 0; --count)
            line_.send(letters_[begin_++ % room]);
    }
    // A line that has not moved in all that time is not waited for again until it does.
    bool wait_for_line() {
        for (unsigned tries = 0; tries < (dead_ ? 1 : most_tries); ++tries)
            if (line_.can_send()) {
                dead_ = false;
                return true;
            }
        dead_ = true;
        return false;
    }
    void tell_when_it_can(bool wanted) {
        if (told_ != wanted) line_.tell_when_it_can(told_ = wanted);
    }

    Line line_;
    std::array<char, room> letters_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool by_interrupt_ = false;
    bool finished_ = true;
    bool told_ = false;
    bool dead_ = false;
};

}   // namespace basalt
