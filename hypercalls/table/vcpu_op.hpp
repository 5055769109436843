// Vcpus of the caller's own domain (<xen/vcpu.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row vcpu_rows[] = {
    {.command = VCPUOP_initialise, .name = "initialise",
     .effect = "give a vcpu the registers it starts with",
     .operand = in<vcpu_guest_context_t>()},
    {.command = VCPUOP_up, .name = "up",
     .effect = "let a vcpu run"},
    {.command = VCPUOP_down, .name = "down",
     .effect = "let a vcpu run no longer"},
    {.command = VCPUOP_is_up, .name = "is_up",
     .effect = "whether a vcpu may run; whether there is one",
     .success = "1 where it may run, else 0"},
    {.command = VCPUOP_get_runstate_info, .name = "get_runstate_info",
     .effect = "what its time was spent on",
     .operand = out<vcpu_runstate_info>()},
    {.command = VCPUOP_register_runstate_memory_area, .name = "register_runstate_memory_area",
     .effect = "show that in guest memory, always",
     .operand = in<vcpu_register_runstate_memory_area>()},
    {.command = VCPUOP_set_periodic_timer, .name = "set_periodic_timer",
     .effect = "a timer event every so often",
     .operand = in<vcpu_set_periodic_timer>()},
    {.command = VCPUOP_stop_periodic_timer, .name = "stop_periodic_timer",
     .effect = "no more of these"},
    {.command = VCPUOP_set_singleshot_timer, .name = "set_singleshot_timer",
     .effect = "a timer event at a system time",
     .operand = in<vcpu_set_singleshot_timer>()},
    {.command = VCPUOP_stop_singleshot_timer, .name = "stop_singleshot_timer",
     .effect = "forget it"},
    {.command = VCPUOP_register_vcpu_info, .name = "register_vcpu_info",
     .effect = "move the vcpu_info to a page of the guest's",
     .operand = in<vcpu_register_vcpu_info>()},
    {.command = VCPUOP_get_physid, .name = "get_physid",
     .effect = "the CPU that a vcpu of Dom0 stays on",
     .operand = out<vcpu_get_physid>()},
    {.command = VCPUOP_register_vcpu_time_memory_area, .name = "register_vcpu_time_memory_area",
     .effect = "show the time in guest memory too",
     .operand = in<vcpu_register_time_memory_area>()},
};

inline constexpr Family vcpu_op{
    .number = __HYPERVISOR_vcpu_op, .name = "vcpu_op",
    .effect = "start, stop and describe vcpus; their timers and shared areas",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "VCPUOP_*"}, {"vcpu", "a vcpu of the caller's"}, {"structure", "the command's"}},
    .refusals = {{Error::no_entry, "there is no such vcpu"}},
    .rows = vcpu_rows};

}  // namespace basalt::table
