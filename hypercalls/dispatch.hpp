// From a hypercall number to its handler.
#pragma once

#include "hypercalls/call.hpp"

namespace basalt::hypercalls {

// A call of the running PV vcpu's kernel: number in rax. `resume` has already been turned into another go at
// the same instruction when this returns.
void dispatch(Registers& registers);

// One call with its number given, for multicall: the caller deals with the ending.
Ending call_once(std::uint64_t number, Registers& registers);

}  // namespace basalt::hypercalls
