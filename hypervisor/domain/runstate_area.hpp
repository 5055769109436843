// The runstate that a vcpu's guest has asked to see in its own memory: VCPUOP_register_runstate_memory_area.
#pragma once

#include "domain/vcpu.hpp"

namespace basalt {

// Writes the runstate where the guest wants it. The vcpu is, or was until now, the one on this CPU: its
// tables are loaded. Memory that is not there is the guest's affair.
void publish_runstate(Vcpu& vcpu);

}  // namespace basalt
