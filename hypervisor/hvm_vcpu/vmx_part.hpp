// What is kept of a vcpu that Intel's VMX runs, beside its block: where its VMCS is, and what that holds, so that only what has
// changed is written. While the vcpu is on a CPU the block has what nearly every exit needs; the rest of its state is in the
// VMCS and the CPU alone, until somebody brings it (guests/hvm/vmx_state.cpp).
#pragma once

#include <cstdint>

namespace basalt {

struct VmxPart {
    std::uint64_t vmcs = 0;   // physical; 0: the processor is AMD's
    bool launched = false;
    bool is_loaded = false;   // on some CPU, whose current VMCS it is
    bool is_new = true;   // the block has all of the state, and the VMCS nothing that counts
    bool pdptes_due = false;   // CR0 was written for it: what its page directory pointers are is the processor's to know

    // As the VMCS has them.
    struct Held {
        std::uint64_t rip = 0, rsp = 0, rflags = 0, cr0 = 0, cr4 = 0, efer = 0, page_attributes = 0;
        std::uint32_t primary = 0, entry = 0, vpid = 0, interruptibility = 0;
    } held;

    // What was being delivered when the guest was left, in Intel's words, and how long its instruction was.
    std::uint32_t vectoring = 0, length = 0;
};

}   // namespace basalt
