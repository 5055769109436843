// A vcpu's whole state as the ABI describes it: how one starts (VCPUOP_initialise, XEN_DOMCTL_setvcpucontext, Dom0), and
// how tools see one. The vcpu does not run meanwhile: it is down, or its domain is paused.
#pragma once

#include "domain/guest_pointer.hpp"
#include "domain/vcpu.hpp"
#include "memory/heap.hpp"

namespace basalt {

// Invalid: an address is not canonical, a table too long, or a frame not what it is named as. Nothing is started by
// this. Of a vcpu that has run before, roots and GDT may only be named as they are (not_supported otherwise).
// Roots that are not pinned may take many bounded steps: again means that the same call goes on where they rest.
Step<> set_context(Vcpu& vcpu, const vcpu_guest_context& context, paging::Budget& budget);

// Each step reads it again, and may find that it is there no longer: then too what steps before have taken goes.
Result<Owned<vcpu_guest_context>> read_context(GuestPointer<vcpu_guest_context> pointer);
Refused refuse_context(Vcpu& vcpu, Error error);

void get_context(const Vcpu& vcpu, vcpu_guest_context& context);

}  // namespace basalt
