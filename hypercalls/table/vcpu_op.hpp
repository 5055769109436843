// Vcpus of the caller's own domain (<xen/vcpu.h>).
#pragma once

#include "abi/vcpu.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row vcpu_rows[] = {
    {.command = VCPUOP_initialise, .name = "initialise",
     .effect = "the vcpu has the registers it will start with, once",
     .operand = in<vcpu_guest_context_t>(),
     .fields = {{"ctrlreg[3]", "its root: the number of a frame of the caller's, as xen_pfn_to_cr3 writes it"},
                {"user_regs.rip, trap_ctxt, event_callback_eip, failsafe_callback_eip", "canonical, and not the hypervisor's"},
                {"gdt_frames, gdt_ents", "as set_gdt takes them"},
                {"ldt_base, ldt_ents", "as mmuext_op.set_ldt takes them"}},
     .refusals = {{Error::invalid, "a root, GDT, LDT or entry is not permitted, or the vcpu has nowhere to be told of events"},
                  {Error::exists, "it has been initialised before"},
                  {Error::no_memory, "no memory for the structure", "no test uses up the hypervisor's memory"}},
     .cost = Cost::resumed},
    {.command = VCPUOP_up, .name = "up",
     .effect = "the vcpu runs",
     .refusals = {{Error::invalid, "it was never initialised"}}},
    {.command = VCPUOP_down, .name = "down",
     .effect = "the vcpu runs no longer; when it was the last, the domain has switched itself off",
     .differs = "Xen does not wait until it has left its CPU"},
    {.command = VCPUOP_is_up, .name = "is_up",
     .effect = "tells whether the vcpu may run",
     .success = "1 where it may, else 0"},
    {.command = VCPUOP_get_runstate_info, .name = "get_runstate_info",
     .effect = "the structure tells what the vcpu's time was spent on",
     .operand = out<vcpu_runstate_info>(),
     .fields = {{"state", "out: RUNSTATE_*"}, {"state_entry_time", "out: since when, nanoseconds of system time"},
                {"time[4]", "out: nanoseconds in each state"}}},
    {.command = VCPUOP_register_runstate_memory_area, .name = "register_runstate_memory_area",
     .effect = "the area always tells what the vcpu's time is spent on; where it is not mapped nothing is written",
     .operand = in<vcpu_register_runstate_memory_area>(),
     .fields = {{"addr", "of a vcpu_runstate_info, in the guest's part of the address space"}},
     .refusals = {{Error::bad_address, "the area is the hypervisor's"}}},
    {.command = VCPUOP_set_periodic_timer, .name = "set_periodic_timer",
     .effect = "the vcpu has a timer event every so often",
     .operand = in<vcpu_set_periodic_timer>(),
     .fields = {{"period_ns", "nanoseconds, from 1000000 to 2^62 - 1"}},
     .refusals = {{Error::invalid, "the period is too short or too long"}}},
    {.command = VCPUOP_stop_periodic_timer, .name = "stop_periodic_timer", .effect = "it has no such events any more"},
    {.command = VCPUOP_set_singleshot_timer, .name = "set_singleshot_timer",
     .effect = "the vcpu has a timer event at this time, at once if it has passed",
     .operand = in<vcpu_set_singleshot_timer>(),
     .fields = {{"timeout_abs_ns", "nanoseconds of system time"}, {"flags", "VCPU_SSHOTTMR_future has no effect, as on Xen"}},
     .refusals = {{Error::invalid, "the vcpu is not the caller itself"}}},
    {.command = VCPUOP_stop_singleshot_timer, .name = "stop_singleshot_timer",
     .effect = "that event does not come",
     .refusals = {{Error::invalid, "the vcpu is not the caller itself"}}},
    {.command = VCPUOP_register_vcpu_info, .name = "register_vcpu_info",
     .effect = "the vcpu_info is in a page of the guest's from now on, once",
     .operand = in<vcpu_register_vcpu_info>(),
     .fields = {{"mfn", "a frame of the caller's that may be written"},
                {"offset", "in it: a multiple of 8, at most 4096 less the size of a vcpu_info"}},
     .refusals = {{Error::no_device_or_address, "the offset is misaligned or too large"},
                  {Error::invalid, "it is registered already, the vcpu is another one and up, or the frame may not be written"},
                  {Error::busy, "another vcpu is setting it up", "two vcpus would have to meet within one call"}}},
    {.command = VCPUOP_send_nmi, .name = "send_nmi",
     .effect = "the vcpu has an NMI: it wakes up, and its kernel's handler, if there is one, is entered",
     .refusals = {{Error::invalid, "the structure's address is not null"}}},
    {.command = VCPUOP_get_physid, .name = "get_physid",
     .effect = "the structure tells the CPU that a vcpu of Dom0 stays on",
     .asker = Asker::privileged, .denial = Error::invalid,
     .operand = out<vcpu_get_physid>(),
     .fields = {{"phys_id", "out: APIC id below, ACPI id from bit 32 on"}},
     .refusals = {{Error::invalid, "the vcpu does not stay on one CPU"}}},
    {.command = VCPUOP_register_vcpu_time_memory_area, .name = "register_vcpu_time_memory_area",
     .effect = "the area tells the time as vcpu_info.time does",
     .operand = in<vcpu_register_time_memory_area>(),
     .fields = {{"addr", "of a vcpu_time_info, in the guest's part of the address space"}},
     .refusals = {{Error::bad_address, "the area is the hypervisor's"}}},
};

inline constexpr Family vcpu_op{
    .number = __HYPERVISOR_vcpu_op, .name = "vcpu_op",
    .effect = "start, stop and describe vcpus; their timers and shared areas",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "VCPUOP_*"}, {"vcpu", "a vcpu of the caller's"}, {"structure", "the command's"}},
    .refusals = {{Error::no_entry, "there is no such vcpu"}},
    .rows = vcpu_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::vcpu_op>(Call);

}   // namespace basalt::hypercalls
