// Time as a guest reads it from its vcpu_info and shared_info: struct vcpu_time_info of <xen/xen.h>.
#pragma once

#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/guest_pointer.hpp"

namespace basalt {

// The line of machine time, for a vcpu whose page is new or when the line has changed.
void publish_time(Vcpu& vcpu);
void publish_wall_clock(Domain& domain);
void set_clock_offset(Domain& domain, std::int64_t seconds);

// The same, once, where the guest asks for it in memory of its own (VCPUOP_register_vcpu_time_memory_area). bad_address: not
// the guest's to name.
Result<> place_time_area(Vcpu& vcpu, GuestPointer<vcpu_time_info> area);

}  // namespace basalt
