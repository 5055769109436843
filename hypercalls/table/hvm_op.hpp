// What hardware-assisted guests and their tools leave for each other, and how such guests are told of events
// (<xen/hvm/hvm_op.h>).
#pragma once

#include "abi/hvm_op.hpp"
#include "abi/hvm_params.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Field parameter_of{"domid", "whose; DOMID_SELF, or, of the privileged, another"};
inline constexpr Refusal no_such_parameter{Error::invalid, "there is no such parameter, or not with this value, or the domain is a PV guest"};

inline constexpr Row hvm_rows[] = {
    {.command = HVMOP_set_param, .name = "set_param",
     .effect = "the domain's parameter has this value",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_hvm_param_t, domid),
     .operand = in<xen_hvm_param_t>(),
     .fields = {parameter_of,
                {"index", "HVM_PARAM_*, 0 to 38, without those of former times (4, 13, 20 to 26, 30); by itself a guest sets CALLBACK_IRQ "
                          "(0), STORE_EVTCHN (2), VM86_TSS (15), CONSOLE_EVTCHN (18), VM_GENERATION_ID_ADDR (34), X87_FIP_WIDTH (36) and "
                          "VM86_TSS_SIZED (37)"},
                {"value", "any, with these exceptions: of TIMER_MODE (10) to 3, TRIPLE_FAULT_REASON (31) a SHUTDOWN_*, VM86_TSS below 2^32, "
                          "VM86_TSS_SIZED with a size of 104 or more above that, NR_IOREQ_SERVER_PAGES (33) 1 to 64, ALTP2M (35) to 3, "
                          "X87_FIP_WIDTH 0, 4 or 8; VIRIDIAN (9), ACPI_S_STATE (14) and MCA_CAP (38) 0"}},
     .refusals = {no_such_parameter,
                  {Error::not_permitted, "the guest may not set it itself"},
                  {Error::exists, "it may be set once only: IOREQ_PFN (5), BUFIOREQ_PFN (6), IOREQ_SERVER_PFN (32), NR_IOREQ_SERVER_PAGES, ALTP2M"},
                  {Error::no_device, "ACPI_IOPORTS_LOCATION (19): no guest has ACPI's timer"}},
     .differs = "Xen has Viridian's interface, sleep, and machine checks for one vcpu alone; the unprivileged it tells "
                "by -EINVAL which domains are PV guests"},
    {.command = HVMOP_get_param, .name = "get_param",
     .effect = "tells the domain's parameter",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_hvm_param_t, domid),
     .operand = in_out<xen_hvm_param_t>(),
     .fields = {parameter_of,
                {"index", "as of set_param; of its own a guest reads STORE_PFN (1), CONSOLE_PFN (17) and ALTP2M besides those that it may set"},
                {"value", "out: 0 where nobody has set it, but for TRIPLE_FAULT_REASON: SHUTDOWN_reboot"}},
     .refusals = {no_such_parameter, {Error::not_permitted, "the guest may not read it itself"}}},
    {.command = HVMOP_flush_tlbs, .name = "flush_tlbs",
     .effect = "what all vcpus remember of the guest's tables is forgotten",
     .left_out = {.reason = "not yet: guests do it themselves, by interrupts of their own"}},
    {.command = HVMOP_pagetable_dying, .name = "pagetable_dying",
     .effect = "tells that a page table is about to be taken apart",
     .left_out = {Error::invalid, "it is for shadow page tables, and nested ones do not care"}},
    {.command = HVMOP_set_evtchn_upcall_vector, .name = "set_evtchn_upcall_vector",
     .effect = "the vcpu is told of events by this vector of its local APIC",
     .operand = in_if_there<xen_hvm_evtchn_upcall_vector_t>(),
     .fields = {{"vcpu", "one of the caller's own"}, {"vector", "16 to 255"}},
     .refusals = {{Error::invalid, "the vector is below 16, or the caller is a PV guest"}, {Error::no_entry, "there is no such vcpu"},
                  {Error::bad_address, "the structure cannot be read"}}},
    {.command = HVMOP_altp2m, .name = "altp2m",
     .effect = "keeps several views of a guest's memory",
     .left_out = {Error::not_supported, "guests have one view of their memory"}},
};

inline constexpr Family hvm_op{
    .number = __HYPERVISOR_hvm_op, .name = "hvm_op",
    .effect = "leave words for hardware-assisted guests and their tools; say how such guests are told of events",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "HVMOP_*"}, {"structure", "the command's"}},
    .rows = hvm_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::hvm_op>(Call);

}   // namespace basalt::hypercalls
