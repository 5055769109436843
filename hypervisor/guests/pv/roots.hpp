// Changes of a vcpu's kernel tables, and what goes with them.
#pragma once

#include "domain/roots.hpp"
#include "domain/vcpu.hpp"

namespace basalt::pv {

// MOV to CR3, mmuext_op.new_baseptr. A root that is not pinned may take many bounded steps to check: again means that
// nothing has changed yet, and whoever comes again goes on where the check rests.
Step<> change_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget);

}  // namespace basalt::pv
