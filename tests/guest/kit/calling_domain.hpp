// A hardware-assisted domain whose kernel makes calls that a case has written down for it, one after the other, and ends.
#pragma once

#include "hardware_domain.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace kit {

class CallingDomain : public HardwareDomain {
public:
    // Frames of its own that nothing is in.
    static constexpr std::uint64_t spare = 7, spares = pages - spare;

    CallingDomain();

    // Where in the guest's memory this will be when it calls, and what is there afterwards.
    template <typename T>
    std::uint64_t place(const T& value) {
        const std::size_t at = room_;
        room_ += (sizeof(T) + 15) / 16 * 16;
        memcpy(structures_ + at, &value, sizeof(T));
        return (data + 1) * page_size + at;
    }
    template <typename T>
    T placed(std::uint64_t address) const {
        T value;
        memcpy(&value, structures_ + address % page_size, sizeof(T));
        return value;
    }

    // One more call; its place in the list.
    template <typename... Words>
    unsigned asks(unsigned number, Words... words) {
        calls_[count_] = {number, {static_cast<std::uint64_t>(words)...}, 0, 1};
        return count_++;
    }
    // A call with a command and a structure, which most have.
    template <typename T>
    unsigned asks_with(unsigned number, unsigned command, const T& structure) {
        return asks(number, command, place(structure));
    }

    // Between two calls: a word of its memory is copied to another place, by load and store. Its answer is the word.
    unsigned copies_word(std::uint64_t from, std::uint64_t to) { return asks(copies, from, to); }

    // It makes them all, and halts for good: false if it did not.
    bool makes_its_calls();
    std::int64_t answer(unsigned call) const { return calls_[call].answer; }

private:
    static constexpr unsigned copies = 0xffff;   // no hypercall's number

    struct Made {
        std::uint64_t number;
        std::uint64_t words[5];
        std::int64_t answer;
        std::uint64_t is_there;
    };
    // Two pages of ours, which become two of its own.
    Made* const calls_ = reinterpret_cast<Made*>(&fresh_page());
    std::byte* const structures_ = reinterpret_cast<std::byte*>(&fresh_page());
    unsigned count_ = 0;
    std::size_t room_ = 0;
};

}
