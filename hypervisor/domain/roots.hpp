// The L4 tables of a PV vcpu's two modes. Each is held in use for as long as CR3 may come to hold it.
#pragma once

#include "core/again.hpp"
#include "memory/frame_reference.hpp"
#include "paging/budget.hpp"

namespace basalt {

class Vcpu;

struct Roots {
    FrameUse kernel;
    FrameUse user;   // empty: user mode is not set up
};

// What mmuext_op.new_baseptr and new_user_baseptr ask for, of the running vcpu in kernel mode or of one that has not
// run yet. The old root is let go once CR3 has left it. Frame 0 as user root: none.
Step<> set_kernel_root(Vcpu& vcpu, Mfn root, paging::Budget& budget);
Step<> set_user_root(Vcpu& vcpu, Mfn root, paging::Budget& budget);

// Of a vcpu that does not run: roots, GDT and LDT.
void drop_tables(Vcpu& vcpu);

}  // namespace basalt
