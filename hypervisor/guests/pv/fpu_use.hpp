// The FPU is the running vcpu's from the switch on. CR0.TS is only ever set for the guest's own sake.
#pragma once

#include "domain/vcpu.hpp"

namespace basalt::pv {

// fpu_taskswitch, CLTS, MOV to CR0: the CR0.TS of the vcpu that runs here.
void set_guest_task_switched(bool set);

// #NM: the guest asked for it by setting TS, which is clear from then on.
void no_fpu(Vcpu& vcpu);

void load_fpu(const Vcpu& vcpu);
void save_fpu(Vcpu& vcpu);

}  // namespace basalt::pv
