// What stands before an opcode, and what it makes of widths. SDM 2A 2.1.1, 2.2.1; 1 3.6.
#pragma once

#include <optional>

#include "instructions/bytes.hpp"

namespace basalt::instructions {

class Prefixes {
public:
    Prefixes(Bytes& bytes, Mode mode) : mode_(mode) {
        while (take(bytes.peek())) bytes.next();
    }

    Mode mode() const { return mode_; }
    bool locked() const { return locked_; }
    bool repeated() const { return repeat_ != 0; }
    bool is_f3() const { return repeat_ == 0xf3; }      // the last of several
    bool other_operand() const { return other_operand_; }
    bool any_of_66_f2_f3() const { return other_operand_ || repeated(); }
    std::optional<Segment> segment() const { return segment_; }

    bool rex() const { return rex_ != 0; }
    bool wide() const { return (rex_ & 8) != 0; }
    std::uint8_t reg_high() const { return (rex_ & 4) != 0 ? 8 : 0; }
    std::uint8_t index_high() const { return (rex_ & 2) != 0 ? 8 : 0; }
    std::uint8_t base_high() const { return (rex_ & 1) != 0 ? 8 : 0; }

    std::uint8_t operand_width() const {
        if (wide()) return 8;
        return (mode_ == Mode::bits_16) != other_operand_ ? 2 : 4;
    }
    std::uint8_t no_wider_than_4() const { return wide() ? std::uint8_t{4} : operand_width(); }
    std::uint8_t address_width() const {
        if (mode_ == Mode::bits_64) return other_address_ ? 4 : 8;
        return (mode_ == Mode::bits_16) != other_address_ ? 2 : 4;
    }

private:
    // REX counts directly before the opcode alone.
    bool take(std::uint8_t byte) {
        const bool is_rex = mode_ == Mode::bits_64 && (byte & 0xf0) == 0x40;
        if (!is_rex && !take_old(byte)) return false;
        rex_ = is_rex ? byte : std::uint8_t{0};
        return true;
    }

    bool take_old(std::uint8_t byte) {
        switch (byte) {
            // clang-format off: a table
            case 0x26: choose(Segment::es); return true;
            case 0x2e: choose(Segment::cs); return true;
            case 0x36: choose(Segment::ss); return true;
            case 0x3e: choose(Segment::ds); return true;
            case 0x64: segment_ = Segment::fs; return true;
            case 0x65: segment_ = Segment::gs; return true;
            case 0x66: other_operand_ = true; return true;
            case 0x67: other_address_ = true; return true;
            case 0xf0: locked_ = true; return true;
            case 0xf2: case 0xf3: repeat_ = byte; return true;
            // clang-format on
            default: return false;
        }
    }
    // Those four are nothing in 64-bit code.
    void choose(Segment segment) {
        if (mode_ != Mode::bits_64) segment_ = segment;
    }

    Mode mode_;
    bool locked_ = false, other_operand_ = false, other_address_ = false;
    std::uint8_t repeat_ = 0, rex_ = 0;
    std::optional<Segment> segment_;
};

}  // namespace basalt::instructions
