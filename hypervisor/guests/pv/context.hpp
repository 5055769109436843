// A vcpu's whole state as the ABI describes it: how one starts (VCPUOP_initialise, XEN_DOMCTL_setvcpucontext, Dom0), and
// how tools see one. The vcpu does not run meanwhile: it is down, or its domain is paused.
#pragma once

#include "domain/vcpu.hpp"

namespace basalt {

// Invalid: an address is not canonical, a table too long, or a frame not what it is named as. Nothing is started by
// this. Of a vcpu that has run before, roots and GDT may only be named as they are (not_supported otherwise).
// Unpinned roots are checked here, letting interrupts in between.
Result<> set_context(Vcpu& vcpu, const vcpu_guest_context& context);

void get_context(const Vcpu& vcpu, vcpu_guest_context& context);

}  // namespace basalt
