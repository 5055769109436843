// The machine and its domains as a whole, for tools (<xen/sysctl.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row sysctl_rows[] = {
    {.command = XEN_SYSCTL_readconsole, .name = "readconsole",
     .effect = "copy out the log",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_physinfo, .name = "physinfo",
     .effect = "describe CPUs and memory",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_sched_id, .name = "sched_id",
     .effect = "name the scheduler whose parameters are spoken",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_getdomaininfolist, .name = "getdomaininfolist",
     .effect = "describe domains, from a number on",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_cputopoinfo, .name = "cputopoinfo",
     .effect = "tell each CPU's core, socket and node",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_numainfo, .name = "numainfo",
     .effect = "describe the one memory node",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_cpupool_op, .name = "cpupool_op",
     .effect = "describe the one CPU pool",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_scheduler_op, .name = "scheduler_op",
     .effect = "tell or set what the scheduler keeps to for all domains",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_getcpuinfo, .name = "getcpuinfo",
     .effect = "tell how long each CPU has been idle",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_get_cpu_policy, .name = "get_cpu_policy",
     .effect = "read a CPUID policy of the machine",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_get_cpu_featureset, .name = "get_cpu_featureset",
     .effect = "read the features of such a policy",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_get_cpu_levelling_caps, .name = "get_cpu_levelling_caps",
     .effect = "tell how the CPUID instruction can be made to follow policies: not at all",
     .operand = in_out<xen_sysctl_t>()},
    {.command = XEN_SYSCTL_debug_keys, .name = "debug_keys",
     .effect = "do what these keys do on the console",
     .operand = in_out<xen_sysctl_t>()},
};

inline constexpr Family sysctl{
    .number = __HYPERVISOR_sysctl, .name = "sysctl",
    .effect = "describe the machine and its domains to tools",
    .guests = Guests::all, .asker = Asker::privileged, .selector = Selector::structure,
    .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
    .arguments = {{"request", "the structure; it names the command"}},
    .refusals = {{Error::bad_address, "the command cannot be read"},
                 {Error::access_denied, "interface_version is not XEN_SYSCTL_INTERFACE_VERSION"}},
    .rows = sysctl_rows};

}  // namespace basalt::table
