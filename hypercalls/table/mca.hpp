// Machine-check records (<xen/arch-x86/xen-mca.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row mca_rows[] = {
    {.command = XEN_MC_fetch, .name = "fetch",
     .effect = "fetch a record: there is none",
     .operand = in_out<xen_mc_t>()},
    {.command = XEN_MC_physcpuinfo, .name = "physcpuinfo",
     .effect = "list the CPUs",
     .operand = in_out<xen_mc_t>()},
};

inline constexpr Family mca{
    .number = __HYPERVISOR_mca, .name = "mca",
    .effect = "fetch machine-check records",
    .guests = Guests::pv, .asker = Asker::privileged, .selector = Selector::structure,
    .interface_version = XEN_MCA_INTERFACE_VERSION,
    .arguments = {{"request", "the structure; it names the command"}},
    .refusals = {{Error::bad_address, "the command cannot be read"},
                 {Error::access_denied, "interface_version is not XEN_MCA_INTERFACE_VERSION"}},
    .unknown = Error::invalid,
    .rows = mca_rows};

}  // namespace basalt::table
