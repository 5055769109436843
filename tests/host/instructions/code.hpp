// Bytes of one instruction, as tests write them.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "instructions/decode.hpp"

namespace basalt::instructions {

using Code = std::vector<std::uint8_t>;

// All of the bytes are one instruction.
inline Instruction decoded(const Code& code, Mode mode = Mode::bits_64) {
    const auto instruction = decode(code, mode);
    EXPECT_TRUE(instruction.has_value());
    if (!instruction) return {};
    EXPECT_EQ(instruction->length, code.size());
    return *instruction;
}

}  // namespace basalt::instructions
