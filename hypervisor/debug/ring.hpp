// The last bytes of the log. Positions count every byte ever written, so a reader knows what it has missed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace basalt {

template <std::size_t size>
class Ring {
    static_assert((size & (size - 1)) == 0, "positions wrap round with the size");

public:
    constexpr void write(std::string_view text) {
        for (const char letter : text) bytes_[end_++ % size] = letter;
        if (end_ - begin_ > size) begin_ = end_ - static_cast<std::uint32_t>(size);
    }

    struct Read {
        std::size_t copied = 0;
        std::uint32_t next = 0;
    };
    // From `position`, or from the oldest byte still there.
    constexpr Read read(std::uint32_t position, std::span<char> to) const {
        if (position - begin_ > end_ - begin_) position = begin_;
        const auto count = std::min<std::size_t>(to.size(), end_ - position);
        for (std::size_t at = 0; at < count; ++at) to[at] = bytes_[(position + at) % size];
        return {count, position + static_cast<std::uint32_t>(count)};
    }

    // What came before `position` is not read again.
    constexpr void forget_before(std::uint32_t position) {
        if (position - begin_ <= end_ - begin_) begin_ = position;
    }

private:
    std::array<char, size> bytes_{};
    std::uint32_t begin_ = 0;
    std::uint32_t end_ = 0;
};

}  // namespace basalt
