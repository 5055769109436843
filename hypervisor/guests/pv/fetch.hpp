// The instruction that a guest was about to execute.
#pragma once

#include "domain/vcpu.hpp"
#include "guests/pv/decode.hpp"

namespace basalt::pv {

// Read from the guest's memory as it is now, which need not be what the CPU saw. Null: unreadable, not 64-bit code, or not one
// of the instructions of decode.hpp. It is there until the CPU fetches another.
const Instruction* fetch(const Vcpu& vcpu);

SegmentBases running_segment_bases();

}  // namespace basalt::pv
