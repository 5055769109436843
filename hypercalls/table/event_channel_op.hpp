// Event channels: ports of a domain at which others, devices and Basalt signal it (<xen/event_channel.h>).
#pragma once

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr std::string_view no_free_port = "every port of the domain is in use";
inline constexpr std::string_view out_of_memory = "no memory for the record";
inline constexpr std::string_view memory_never_ends = "no test uses up the hypervisor's memory";
inline constexpr std::string_view too_many_ports = "131072 ports are more than a test guest has memory for";

inline constexpr Row event_channel_rows[] = {
    {.command = EVTCHNOP_bind_interdomain, .name = "bind_interdomain",
     .effect = "a new port of the caller's and one that another domain keeps for it signal each other",
     .operand = in_out<evtchn_bind_interdomain_t>(),
     .fields = {{"remote_dom", "the other domain; DOMID_SELF for a channel within one"},
                {"remote_port", "a port of its, unbound, for the caller"},
                {"local_port", "out: the new port, pending once"}},
     .refusals = {{Error::no_such_process, "there is no such domain, or it is dying"},
                  {Error::invalid, "remote_port is not an unbound port kept for the caller"},
                  {Error::no_space, no_free_port}}},
    {.command = EVTCHNOP_bind_virq, .name = "bind_virq",
     .effect = "a new port is signalled by a virtual interrupt",
     .operand = in_out<evtchn_bind_virq_t>(),
     .fields = {{"virq", "VIRQ_*, below NR_VIRQS"},
                {"vcpu", "whose it is; 0 for one that belongs to the domain as a whole"},
                {"port", "out: the new port"}},
     .refusals = {{Error::invalid, "virq is NR_VIRQS or more, or a virq of the whole domain is asked for a vcpu other than 0"},
                  {Error::no_entry, "there is no such vcpu"},
                  {Error::exists, "it has a port already"},
                  {Error::no_space, no_free_port}}},
    {.command = EVTCHNOP_bind_pirq, .name = "bind_pirq",
     .effect = "a new port is signalled by a device's interrupt",
     .operand = in_out<evtchn_bind_pirq_t>(),
     .fields = {{"pirq", "one that physdev_op.map_pirq gave, or a line's number"},
                {"flags", "BIND_PIRQ__WILL_SHARE: others may bind the line too"},
                {"port", "out: the new port"}},
     .refusals = {{Error::invalid, "there is no pirq of this number"},
                  {Error::not_permitted, "it is none of the caller's"},
                  {Error::exists, "it has a port already"},
                  {Error::busy, "the line is another's, and both do not share",
                   "two domains with device interrupts are beyond a test guest"},
                  {Error::no_space, no_free_port}}},
    {.command = EVTCHNOP_close, .name = "close",
     .effect = "the channel has ended and its port is free; the other end of an interdomain channel is unbound",
     .operand = in<evtchn_close_t>(),
     .fields = {{"port", "a port of the caller's"}},
     .refusals = {{Error::invalid, "the port is free, beyond the table, or the hypervisor's own"}}},
    {.command = EVTCHNOP_send, .name = "send",
     .effect = "the other end is pending",
     .operand = in<evtchn_send_t>(),
     .fields = {{"port", "interdomain, IPI, or unbound, which has no effect"}},
     .refusals = {{Error::invalid, "the port is free, beyond the table, or a virq's or pirq's"}}},
    {.command = EVTCHNOP_status, .name = "status",
     .effect = "the structure tells what a port is bound to",
     .asker = Asker::for_itself, .domain_at = offsetof(evtchn_status_t, dom),
     .operand = in_out<evtchn_status_t>(),
     .fields = {{"dom", "whose port"}, {"port", "which"}, {"status", "out: EVTCHNSTAT_*"},
                {"vcpu", "out: which vcpu its events go to"}, {"u", "out: the peer, pirq or virq"}},
     .refusals = {{Error::invalid, "the port is beyond the table"}}},
    {.command = EVTCHNOP_alloc_unbound, .name = "alloc_unbound",
     .effect = "a new port waits for a domain to bind it",
     .asker = Asker::for_itself, .domain_at = offsetof(evtchn_alloc_unbound_t, dom),
     .operand = in_out<evtchn_alloc_unbound_t>(),
     .fields = {{"dom", "whose port it is to be"},
                {"remote_dom", "who may bind it; the domain need not exist yet"},
                {"port", "out: the lowest free port, never 0"}},
     .refusals = {{Error::no_space, no_free_port}}},
    {.command = EVTCHNOP_bind_ipi, .name = "bind_ipi",
     .effect = "a new port is signalled by the domain's own vcpus",
     .operand = in_out<evtchn_bind_ipi_t>(),
     .fields = {{"vcpu", "whom its events go to"}, {"port", "out: the new port"}},
     .refusals = {{Error::no_entry, "there is no such vcpu"}, {Error::no_space, no_free_port}}},
    {.command = EVTCHNOP_bind_vcpu, .name = "bind_vcpu",
     .effect = "the port's events go to this vcpu from now on",
     .operand = in<evtchn_bind_vcpu_t>(),
     .fields = {{"port", "unbound, interdomain, a pirq's, or a virq's of the whole domain"}, {"vcpu", "to whom"}},
     .refusals = {{Error::no_entry, "there is no such vcpu"},
                  {Error::invalid, "the port is free, beyond the table, or an IPI's or a vcpu's own virq's"}}},
    {.command = EVTCHNOP_unmask, .name = "unmask",
     .effect = "the port is unmasked, and its vcpu is told if it is pending",
     .operand = in<evtchn_unmask_t>(),
     .fields = {{"port", "a port of the caller's; a free one too"}},
     .refusals = {{Error::invalid, "the port is beyond the table"}}},
    {.command = EVTCHNOP_reset, .name = "reset",
     .effect = "every port of the domain is free, and its events are in the 2-level layout",
     .asker = Asker::for_itself, .domain_at = offsetof(evtchn_reset_t, dom),
     .operand = in<evtchn_reset_t>(),
     .fields = {{"dom", "whose ports"}},
     .cost = Cost::resumed},
    {.command = EVTCHNOP_init_control, .name = "init_control",
     .effect = "the vcpu has a FIFO control block, and the first of a domain moves it to the FIFO layout",
     .operand = in_out<evtchn_init_control_t>(),
     .fields = {{"control_gfn", "a page of the caller's, no page table or descriptor table"},
                {"offset", "of the block in the page: a multiple of 8, at most 4096 less its size"},
                {"vcpu", "whose"},
                {"link_bits", "out: how wide a link is in an event word, EVTCHN_FIFO_LINK_BITS"}},
     .refusals = {{Error::no_entry, "there is no such vcpu"},
                  {Error::invalid, "the offset or the page is wrong, or the vcpu has one already"}}},
    {.command = EVTCHNOP_expand_array, .name = "expand_array",
     .effect = "the FIFO array of event words is longer by a page",
     .operand = in<evtchn_expand_array_t>(),
     .fields = {{"array_gfn", "a page of the caller's, no page table or descriptor table"}},
     .refusals = {{Error::not_supported, "no vcpu has a control block"},
                  {Error::no_space, "the array has 128 pages, all that the ABI allows"},
                  {Error::invalid, "the page is not one that may be written"}}},
    {.command = EVTCHNOP_set_priority, .name = "set_priority",
     .effect = "the port's events are queued at this priority",
     .operand = in<evtchn_set_priority_t>(),
     .fields = {{"port", "a port of the caller's"},
                {"priority", "EVTCHN_FIFO_PRIORITY_MAX (0, the highest) to EVTCHN_FIFO_PRIORITY_MIN (15)"}},
     .refusals = {{Error::not_implemented, "the domain is in the 2-level layout"},
                  {Error::invalid, "the port is beyond the table, or the priority beyond 15"}}},
};

inline constexpr Family event_channel_op{
    .number = __HYPERVISOR_event_channel_op, .name = "event_channel_op",
    .effect = "make, bind, signal and close event channels",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "EVTCHNOP_*"}, {"structure", "the command's"}},
    .rows = event_channel_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::event_channel_op>(Call);

}   // namespace basalt::hypercalls
