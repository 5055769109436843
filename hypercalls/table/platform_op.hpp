// The machine as a whole, driven by Dom0 (<xen/platform.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row platform_rows[] = {
    {.command = XENPF_settime32, .name = "settime32",
     .effect = "set the wall clock",
     .operand = in<xen_platform_op_t>()},
    {.command = XENPF_settime64, .name = "settime64",
     .effect = "set the wall clock",
     .operand = in<xen_platform_op_t>()},
    {.command = XENPF_read_memtype, .name = "read_memtype",
     .effect = "read a memory-type range register",
     .operand = in_out<xen_platform_op_t>()},
    {.command = XENPF_get_cpu_version, .name = "get_cpu_version",
     .effect = "describe a CPU of the machine",
     .operand = in_out<xen_platform_op_t>()},
    {.command = XENPF_firmware_info, .name = "firmware_info",
     .effect = "tell what the firmware said at boot",
     .operand = in_out<xen_platform_op_t>()},
    {.command = XENPF_enter_acpi_sleep, .name = "enter_acpi_sleep",
     .effect = "switch the machine off",
     .operand = in<xen_platform_op_t>()},
    {.command = XENPF_set_processor_pminfo, .name = "set_processor_pminfo",
     .effect = "tells of sleep states and frequencies",
     .operand = in<xen_platform_op_t>(),
     .refusals = {{Error::not_implemented, "Basalt idles by HLT at the speed it finds"}, {Error::invalid, "the kind is beyond XEN_PM_TX"}}},
    {.command = XENPF_get_cpuinfo, .name = "get_cpuinfo",
     .effect = "tell a CPU's numbers and whether it is online",
     .operand = in_out<xen_platform_op_t>()},
    {.command = XENPF_cpu_online, .name = "cpu_online",
     .effect = "see that a CPU is online",
     .operand = in<xen_platform_op_t>()},
    {.command = XENPF_cpu_offline, .name = "cpu_offline",
     .effect = "refused: CPUs stay online",
     .operand = in<xen_platform_op_t>()},
};

inline constexpr Family platform_op{
    .number = __HYPERVISOR_platform_op, .name = "platform_op",
    .effect = "drive the machine: time, sleep, firmware, CPUs",
    .guests = Guests::all, .asker = Asker::privileged, .selector = Selector::structure,
    .interface_version = XENPF_INTERFACE_VERSION,
    .arguments = {{"request", "the structure; it names the command"}},
    .refusals = {{Error::bad_address, "the command cannot be read"},
                 {Error::access_denied, "interface_version is not XENPF_INTERFACE_VERSION"}},
    .rows = platform_rows};

}  // namespace basalt::table
