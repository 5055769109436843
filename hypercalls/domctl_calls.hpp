// The sub-commands of domctl, by what they are about. Each is given the domain that the request names, its Steering, and the
// request, if it looks at them; what it writes into the request goes back to the caller.
#pragma once

#include "abi/domctl.hpp"
#include "abi/xen.hpp"
#include "core/again.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"

namespace basalt::hypercalls {

// The vcpu that a request names. invalid: beyond those that the domain may have; no_such_process: not made yet.
Result<Vcpu*> vcpu_named(Domain& domain, std::uint32_t number);

// domain_life.cpp
Result<> create(xen_domctl_t& request);
Step<> destroy(Steering& steering);
Result<> pause(Steering& steering);
Result<> unpause(Steering& steering);
Result<> resume_after_shutdown(Steering& steering);

// domain_limits.cpp
Result<> domain_info(Domain& domain, xen_domctl_t& request);
Result<> set_vcpu_count(Domain& domain, Steering& steering, xen_domctl_t& request);
Result<> set_most_memory(Domain& domain, xen_domctl_t& request);
Result<> set_handle(Domain& domain, xen_domctl_t& request);
Result<> set_time_offset(Domain& domain, xen_domctl_t& request);
Result<> address_size(Domain& domain, xen_domctl_t& request);
Result<> set_address_size(Domain& domain, xen_domctl_t& request);
Result<> node_affinity(Domain& domain, xen_domctl_t& request);
Result<> set_node_affinity(Domain& domain, xen_domctl_t& request);
Result<> write_hypercall_page(Domain& domain, xen_domctl_t& request);
Result<> schedule_parameters(Domain& domain, xen_domctl_t& request);

// hardware_guests.cpp
Step<> set_paging_memory(Domain& domain, xen_domctl_t& request);
Result<> paging_memory(Domain& domain, xen_domctl_t& request);
Result<> hvm_context(Domain& domain, Steering& steering, xen_domctl_t& request);
Result<> set_hvm_context(Domain& domain, Steering& steering, xen_domctl_t& request);

// vcpu_controls.cpp
Result<> vcpu_info(Domain& domain, xen_domctl_t& request);
Result<> vcpu_context(Domain& domain, Steering& steering, xen_domctl_t& request);
Step<> set_vcpu_context(Domain& domain, Steering& steering, xen_domctl_t& request);
Result<> vcpu_affinity(Domain& domain, xen_domctl_t& request);
Result<> set_vcpu_affinity(Domain& domain, xen_domctl_t& request);
Result<> send_trigger(Domain& domain, xen_domctl_t& request);

}  // namespace basalt::hypercalls
