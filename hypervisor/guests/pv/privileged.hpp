// Instructions that fault in ring 3 and that a guest's kernel believes it may execute.
#pragma once

#include "domain/vcpu.hpp"

namespace basalt::pv {

// The #GP of the instruction at RIP. True: it has been carried out, or another exception has been delivered.
bool emulate_privileged(Vcpu& vcpu);

// `ud2a; .ascii "xen"; cpuid`: a PV kernel's way to ask for its CPUID, which the plain instruction does not show.
bool emulate_forced_cpuid(Vcpu& vcpu);

// Behind an emulated instruction; honours the trap flag.
void step_over(Vcpu& vcpu, unsigned length);

}  // namespace basalt::pv
