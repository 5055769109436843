// The instruction that a guest was about to execute.
#pragma once

#include "domain/vcpu.hpp"
#include "instructions/decode.hpp"

namespace basalt::pv {

using instructions::Instruction, instructions::Operation, instructions::Segment, instructions::SegmentBases;
using instructions::general_register, instructions::mask_of;

// Read from the guest's memory as it is now, which need not be what the CPU saw. Null: unreadable, not 64-bit code, or not one
// of the instructions of decode.hpp. It is there until the CPU fetches another.
const Instruction* fetch(const Vcpu& vcpu);

SegmentBases running_segment_bases();

}  // namespace basalt::pv
