// Changes of a vcpu's tables, and what goes with them.
#pragma once

#include "core/again.hpp"
#include "domain/vcpu.hpp"
#include "paging/budget.hpp"

namespace basalt::pv {

// What mmuext_op.new_baseptr and new_user_baseptr ask for, of the running vcpu in kernel mode or of one that has not
// run yet. The old root is let go once CR3 has left it. Frame 0 as user root: none.
Step<> set_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget);
Step<> set_user_root(Vcpu& vcpu, Mfn root, paging::Budget& budget);

// MOV to CR3, mmuext_op.new_baseptr. A root that is not pinned may take many bounded steps to check: again means that
// nothing has changed yet, and whoever comes again goes on where the check rests.
Step<> change_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget);

Mfn kernel_root(const Vcpu& vcpu);

}  // namespace basalt::pv
