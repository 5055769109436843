// What tools ask and say about a domain's CPUs: its CPUID policy and its TSC. Rows of domctl; those of sysctl are there.
#pragma once

#include "domain/domain.hpp"
#include "hypercalls/call.hpp"

namespace basalt::hypercalls {

Result<> get_cpu_policy(Domain& domain, xen_domctl_t& request);
Result<> set_cpu_policy(Domain& domain, xen_domctl_t& request);
Result<> get_tsc_info(Domain& domain, xen_domctl_t& request);
Result<> set_tsc_info(Domain& domain, xen_domctl_t& request);

}  // namespace basalt::hypercalls
