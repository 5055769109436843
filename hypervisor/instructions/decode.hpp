// Bytes become an instruction. SDM 2A 2.1 and appendix A.
#pragma once

#include <optional>
#include <span>

#include "instructions/instruction.hpp"

namespace basalt::instructions {

// Nothing: not one of ours, not one at all, or the bytes end too soon. At most fifteen are looked at.
std::optional<Instruction> decode(std::span<const std::uint8_t> bytes, Mode mode);

}  // namespace basalt::instructions
