// The last bytes of the log. Positions count every byte ever written, so a reader knows what it has missed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace basalt {

class Ring {
public:
    // A power of two, since positions wrap round with it.
    constexpr explicit Ring(std::span<char> room) : room_(room) {}

    constexpr void write(std::string_view text) {
        for (const char letter : text) room_[end_++ & (room_.size() - 1)] = letter;
        if (end_ - begin_ > room_.size()) begin_ = end_ - static_cast<std::uint32_t>(room_.size());
    }

    // Into more room, with all there is. Positions stay what they are.
    constexpr void move_to(std::span<char> larger) {
        for (auto position = begin_; position != end_; ++position)
            larger[position & (larger.size() - 1)] = room_[position & (room_.size() - 1)];
        room_ = larger;
    }

    struct Read {
        std::size_t copied = 0;
        std::uint32_t next = 0;
    };
    // From `position`, or from the oldest byte still there.
    constexpr Read read(std::uint32_t position, std::span<char> to) const {
        if (position - begin_ > end_ - begin_) position = begin_;
        const auto count = std::min<std::size_t>(to.size(), end_ - position);
        for (std::size_t at = 0; at < count; ++at) to[at] = room_[(position + at) & (room_.size() - 1)];
        return {count, position + static_cast<std::uint32_t>(count)};
    }

    // What came before `position` is not read again.
    constexpr void forget_before(std::uint32_t position) {
        if (position - begin_ <= end_ - begin_) begin_ = position;
    }

private:
    std::span<char> room_;
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

}  // namespace basalt
