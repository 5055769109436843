// The instruction that a guest was about to execute.
#pragma once

#include "domain/vcpu.hpp"
#include "instructions/instruction.hpp"

namespace basalt::pv {

using instructions::Instruction, instructions::Operation, instructions::Segment;
using instructions::mask_of;

// Read from the guest's memory as it is now, which need not be what the CPU saw. Null: unreadable, not 64-bit code, or not one
// of the room instructions. It is there until the CPU fetches another.
const Instruction* fetch(const Vcpu& vcpu);

// In 64-bit code the others begin at 0.
constexpr bool has_base(Segment segment) { return segment == Segment::fs || segment == Segment::gs; }
// Where its operand is in memory, for whoever runs here.
std::uint64_t address_of(const Instruction& instruction, const Registers& registers);

}  // namespace basalt::pv
