// Where an instruction's operands are: in the registers, and in a segment.
#pragma once

#include <cstdint>

#include "formats/registers.hpp"
#include "instructions/instruction.hpp"

namespace basalt::instructions {

std::uint64_t& general_register(Registers& registers, unsigned number);

// As wide as the operand.
std::uint64_t read_register(const Registers& registers, const Instruction& instruction, unsigned number);
// As wide as the result, as the CPU does: 32 bits clear the upper half, 8 and 16 leave the rest.
void write_register(Registers& registers, const Instruction& instruction, unsigned number, std::uint64_t value);

// Of the ModRM operand, or of what a string instruction names, within its segment. A bit number in a register counts from there
// (SDM 2A, BTS).
std::uint64_t offset_of(const Instruction& instruction, const Registers& registers);
// Of what MOVS takes, in `source_segment`.
std::uint64_t source_offset_of(const Instruction& instruction, const Registers& registers);

// String instructions: how many elements are left to do (one, if nothing repeats it), and what so many done make of the
// registers.
std::uint64_t elements_left(const Instruction& instruction, const Registers& registers);
void step_string(const Instruction& instruction, Registers& registers, std::uint64_t elements);

}   // namespace basalt::instructions
