// Machine-check records (<xen/arch-x86/xen-mca.h>).
#pragma once

#include "abi/mca.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr std::string_view mca_injects = "Xen lets Dom0 raise machine checks to test their handling";

inline constexpr Row mca_rows[] = {
    {.command = XEN_MC_fetch, .name = "fetch",
     .effect = "the caller knows that there is no record: each bank's is told in the log, as `xl dmesg` shows it",
     .operand = in_out<xen_mc_t>(),
     .fields = {{"flags", "one of XEN_MC_NONURGENT and XEN_MC_URGENT: which queue; with XEN_MC_ACK a record is given back; "
                          "out, without XEN_MC_ACK: XEN_MC_NODATA"},
                {"fetch_id", "of a record to give back, ignored; out, without XEN_MC_ACK: 0"},
                {"data", "where a record would go; may be null only with XEN_MC_ACK"}},
     .refusals = {{Error::invalid, "flags name no queue or both, or there is no place for a record"}},
     .differs = "Xen keeps records for Dom0, and signals VIRQ_MCA"},
    {.command = XEN_MC_notifydomain, .name = "notifydomain", .effect = "a domain would be told of its machine check",
     .left_out = {Error::invalid, "Xen has none either"}},
    {.command = XEN_MC_physcpuinfo, .name = "physcpuinfo",
     .effect = "the list tells of the CPUs that are online, in the order of their numbers",
     .operand = in_out<xen_mc_t>(),
     .fields = {{"ncpus", "places in the list, 1 or more; out: CPUs told of, or without a list CPUs online"},
                {"info", "out: an xen_mc_logical_cpu_t for each CPU; null: only their number is asked"}},
     .refusals = {{Error::invalid, "there is a list of 0 places"},
                  {Error::bad_address, "the list cannot be written"}},
     .cost = Cost::per_element,
     .differs = "each CPU is a core of its own on one chip; its features and its MSRs for machine checks are not told"},
    {.command = XEN_MC_msrinject, .name = "msrinject", .effect = "a CPU's MSR would read as if it had had a machine check",
     .differs = mca_injects,
     .left_out = {Error::invalid, "a machine that can test it has other means"}},
    {.command = XEN_MC_mceinject, .name = "mceinject", .effect = "a CPU would have a machine check",
     .differs = mca_injects,
     .left_out = {Error::invalid, "a machine that can test it has other means"}},
    {.command = XEN_MC_inject_v2, .name = "inject_v2", .effect = "a set of CPUs would have a machine check",
     .differs = mca_injects,
     .left_out = {Error::invalid, "a machine that can test it has other means"}},
};

inline constexpr Family mca{
    .number = __HYPERVISOR_mca, .name = "mca",
    .effect = "fetch machine-check records",
    .guests = GuestKind::pv, .asker = Asker::privileged, .selector = Selector::structure,
    .interface_version = XEN_MCA_INTERFACE_VERSION,
    .arguments = {{"request", "the structure; it names the command"}},
    .refusals = {{Error::bad_address, "the command cannot be read"},
                 {Error::access_denied, "interface_version is not XEN_MCA_INTERFACE_VERSION"}},
    .unknown = Error::invalid,
    .rows = mca_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::mca>(Call);

}   // namespace basalt::hypercalls
