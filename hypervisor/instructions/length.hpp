// The short way for an exit that says which instruction it was, but not how long.
#pragma once

#include <optional>
#include <span>

#include "instructions/instruction.hpp"

namespace basalt::instructions {

// What there is to step over, of bytes that lie where the guest was. Nothing: they are another instruction, as another vcpu may
// have written meanwhile, or too few. Then the guest goes on there, as if it had come only now.
std::optional<unsigned> length_of(Operation expected, std::span<const std::uint8_t> bytes, Mode mode);

}   // namespace basalt::instructions
