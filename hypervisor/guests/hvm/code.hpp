// The guest's next instruction, as it lies there now.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "hvm_vcpu/hvm_vcpu.hpp"
#include "instructions/instruction.hpp"

namespace basalt::hvm {

// Its bytes, and others that follow; fewer where the page ends and the next is not there.
struct Code {
    std::array<std::uint8_t, instructions::longest_instruction> room;
    std::size_t count = 0;
    instructions::Mode mode;

    std::span<const std::uint8_t> bytes() const { return std::span(room).first(count); }
};
Code code_at_rip(HvmVcpu& vcpu);

// Of how many bits the code is.
instructions::Mode code_mode(const GuestState& save);

}   // namespace basalt::hvm
