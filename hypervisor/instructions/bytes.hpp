// The bytes of one instruction, taken one after the other.
#pragma once

#include <cstdint>
#include <span>

#include "instructions/instruction.hpp"

namespace basalt::instructions {

class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes)
        : bytes_(bytes.first(bytes.size() < longest_instruction ? bytes.size() : longest_instruction)) {}

    // More were asked for than there are: those were zeros.
    bool short_of_bytes() const { return short_; }
    std::uint8_t position() const { return static_cast<std::uint8_t>(position_); }
    std::uint8_t peek() const { return position_ < bytes_.size() ? bytes_[position_] : std::uint8_t{0}; }

    std::uint8_t next() {
        if (position_ < bytes_.size()) return bytes_[position_++];
        short_ = true;
        return 0;
    }
    std::uint64_t take(unsigned count) {
        std::uint64_t value = 0;
        for (unsigned byte = 0; byte < count; ++byte) value |= std::uint64_t{next()} << byte * 8;
        return value;
    }
    std::int64_t take_signed(unsigned count) {
        const unsigned unused = 64 - count * 8;
        return static_cast<std::int64_t>(take(count) << unused) >> unused;
    }

private:
    std::span<const std::uint8_t> bytes_;
    std::size_t position_ = 0;
    bool short_ = false;
};

}  // namespace basalt::instructions
