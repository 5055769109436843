// The CPU, given away for a while or for good (<xen/sched.h>).
#pragma once

#include "abi/sched.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row sched_rows[] = {
    {.command = SCHEDOP_yield, .name = "yield", .effect = "another vcpu runs first, if one wants to"},
    {.command = SCHEDOP_block, .name = "block", .effect = "events are allowed, and the vcpu waits for one"},
    {.command = SCHEDOP_shutdown, .name = "shutdown",
     .effect = "no vcpu of the domain runs any more, and its toolstack is told why; of Dom0, the machine is switched off "
               "or started again",
     .operand = in<sched_shutdown_t>(),
     .fields = {{"reason", "SHUTDOWN_*; only the low 8 bits are kept"}}},
    {.command = SCHEDOP_poll, .name = "poll",
     .effect = "the vcpu waits until one of some ports is pending, an event is due, or the time has come",
     .operand = in<sched_poll_t>(),
     .fields = {{"ports", "evtchn_port_t, each a port of the caller's"}, {"nr_ports", "at most 128"},
                {"timeout", "system time in nanoseconds; 0: none"}},
     .refusals = {{Error::invalid, "more than 128 ports, or one is beyond the table"},
                  {Error::bad_address, "the list of ports cannot be read"}},
     .cost = Cost::per_element},
    {.command = SCHEDOP_remote_shutdown, .name = "remote_shutdown",
     .effect = "another domain has shut down, for this reason",
     .asker = Asker::privileged, .whom = Whom::living, .domain_at = offsetof(sched_remote_shutdown_t, domain_id),
     .operand = in<sched_remote_shutdown_t>(),
     .fields = {{"domain_id", "which, by its number"}, {"reason", "SHUTDOWN_*"}},
     .differs = "the unprivileged are told nothing of other domains; Xen tells them by -ESRCH which there are"},
    {.command = SCHEDOP_shutdown_code, .name = "shutdown_code",
     .effect = "the domain's next shutdown will be for this reason",
     .operand = in<sched_shutdown_t>(),
     .fields = {{"reason", "SHUTDOWN_*"}}},
    {.command = SCHEDOP_watchdog, .name = "watchdog",
     .effect = "the domain shuts down unless it asks again in time",
     .operand = in<sched_watchdog_t>(),
     .fields = {{"id", "0 for a new one, or a watchdog's number"}, {"timeout", "seconds; 0 ends the one named, and of a new one is over at once"}},
     .success = "the number of a new watchdog, else 0",
     .refusals = {{Error::invalid, "there is no such watchdog"},
                  {Error::no_space, "both of the domain's watchdogs run"}}},
    {.command = SCHEDOP_pin_override, .name = "pin_override",
     .effect = "the vcpu stays on one CPU until told otherwise",
     .asker = Asker::privileged,
     .operand = in<sched_pin_override_t>(),
     .fields = {{"pcpu", "the CPU; a negative number ends it"}},
     .refusals = {{Error::invalid, "there is no such CPU, or there is nothing to end"},
                  {Error::busy, "the vcpu is pinned already"}}},
};

inline constexpr Family sched_op{
    .number = __HYPERVISOR_sched_op, .name = "sched_op",
    .effect = "yield, block, poll, shut down",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "SCHEDOP_*"}, {"structure", "the command's"}},
    .rows = sched_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::sched_op>(Call);

}   // namespace basalt::hypercalls
