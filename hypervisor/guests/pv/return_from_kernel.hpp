// The iret hypercall: the guest's kernel returns to itself, or to its user mode.
#pragma once

#include "domain/vcpu.hpp"

namespace basalt::pv {

// The frame is on the guest's stack, where the registers' RSP is. A frame that cannot be read, or that leads nowhere,
// crashes the domain: the kernel's context is lost by then, nobody is left to tell.
void return_from_kernel(Vcpu& vcpu);

}  // namespace basalt::pv
