// The runstate that a vcpu's guest has asked to see in its own memory: VCPUOP_register_runstate_memory_area.
#pragma once

#include "abi/vcpu.hpp"
#include "domain/guest_pointer.hpp"

namespace basalt {

// Where the guest wants it from now on, and there it is. bad_address: not the guest's to name. Where nothing is mapped nothing
// is written, now or later: that is the guest's affair.
Result<> place_runstate_area(Vcpu& vcpu, GuestPointer<vcpu_runstate_info> area);

// Writes the runstate where the guest wants it. The vcpu is, or was until now, the one on this CPU: its
// tables are loaded. Memory that is not there is the guest's affair.
void publish_runstate(Vcpu& vcpu);

}  // namespace basalt
