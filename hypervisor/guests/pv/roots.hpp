// Changes of a vcpu's page tables that are not resumed but waited for: MOV to CR3, and a vcpu's first context.
#pragma once

#include "domain/roots.hpp"
#include "domain/vcpu.hpp"

namespace basalt::pv {

// Checking a root that is not pinned may take many steps; interrupts are let in between them.
Result<> change_kernel_root(Vcpu& vcpu, Mfn root);
Result<> change_user_root(Vcpu& vcpu, Mfn root);

}  // namespace basalt::pv
