// A vcpu as its own domain makes it ready, starts and stops it: VCPUOP_*. Any vcpu of the domain may do so, at any moment.
#pragma once

#include "core/again.hpp"
#include "domain/given_context.hpp"

namespace basalt {

// Its first state. Invalid: it has no vcpu_info, and could not be told of events. exists: it has had one.
Step<> initialise(Vcpu& vcpu, const Result<Owned<vcpu_guest_context>>& context);

// Where its vcpu_info is from now on: within one page of its domain's. Once, by the vcpu itself or for one that is down
// (invalid). busy: another vcpu is setting it up.
Result<> place_vcpu_info(Vcpu& vcpu, Pfn frame, std::uint64_t offset);

// Invalid: it was never initialised.
Result<> bring_up(Vcpu& vcpu);
// It has left its CPU when this returns, unless something waits for the caller's. A domain of which no vcpu is left has
// switched itself off.
void take_down(Vcpu& vcpu);

}   // namespace basalt
