// What tools ask and say about CPUs: CPUID policies and TSCs. Rows of domctl, and of sysctl.
#pragma once

#include "abi/domctl.hpp"
#include "abi/sysctl.hpp"
#include "domain/domain.hpp"
#include "hypercalls/call.hpp"

namespace basalt::hypercalls {

Result<> get_cpu_policy(Domain& domain, xen_domctl_t& request);
Result<> set_cpu_policy(Domain& domain, Steering& steering, xen_domctl_t& request);
Result<> get_tsc_info(Domain& domain, xen_domctl_t& request);
Result<> set_tsc_info(Steering& steering, xen_domctl_t& request);

Result<> system_cpu_policy(xen_sysctl_t& request);
Result<> cpu_featureset(xen_sysctl_t& request);
Result<> cpu_levelling(xen_sysctl_t& request);

}  // namespace basalt::hypercalls
