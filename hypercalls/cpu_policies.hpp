// What tools ask and say about CPUs: CPUID policies and TSCs. Rows of domctl, and of sysctl.
#pragma once

#include "domain/domain.hpp"
#include "hypercalls/call.hpp"

namespace basalt::hypercalls {

Result<> get_cpu_policy(Domain& domain, xen_domctl_t& request);
Result<> set_cpu_policy(Domain& domain, xen_domctl_t& request);
Result<> get_tsc_info(Domain& domain, xen_domctl_t& request);
Result<> set_tsc_info(Domain& domain, xen_domctl_t& request);

// With the address of the xen_sysctl_t, where a refusal leaves an answer too.
Result<std::int64_t> system_cpu_policy(std::uint64_t request);
Result<std::int64_t> cpu_featureset(std::uint64_t request);
Result<> cpu_levelling(xen_sysctl_t& request);

}  // namespace basalt::hypercalls
