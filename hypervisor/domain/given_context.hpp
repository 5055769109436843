// A vcpu's whole state as a caller describes it (VCPUOP_initialise, XEN_DOMCTL_setvcpucontext), for set_context().
#pragma once

#include "abi/xen.hpp"
#include "domain/doors.hpp"
#include "domain/guest_pointer.hpp"
#include "memory/heap.hpp"

namespace basalt {

// Each step reads it again, and may find that it is there no longer: then too what steps before have taken goes.
Result<Owned<vcpu_guest_context>> read_context(GuestPointer<vcpu_guest_context> pointer);
Refused refuse_context(Vcpu& vcpu, Error error);

}  // namespace basalt
