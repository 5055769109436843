// Where a PV guest's kernel is entered, and what its vcpu's registers are: the calls without a structure of commands, and
// callback_op, nmi_op and vm_assist (<xen/xen.h>, <xen/callback.h>, <xen/nmi.h>).
#pragma once

#include "abi/callback.hpp"
#include "abi/nmi.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row set_trap_table_rows[] = {{
    .name = "set_trap_table", .effect = "the handlers of the vcpu's exceptions are those of the list",
    .operand = in<trap_info_t>(),
    .fields = {{"vector", "0 to 255"}, {"flags", "bits 0 and 1: who may INT; bit 2: events are shut out"},
               {"cs", "selector"}, {"address", "handler; 0 ends the list"}},
    .refusals = {{Error::invalid, "a handler lies where a guest may not be entered; those before it are set"},
                 {Error::too_big, "no end within 4096 gates"}},
    .cost = Cost::per_element,
    .differs = "Xen reads on for as long as it takes"}};
inline constexpr Family set_trap_table{
    .number = __HYPERVISOR_set_trap_table, .name = "set_trap_table",
    .effect = "name the handlers of the vcpu's exceptions",
    .arguments = {{"table", "trap_info_t, ended by one with address 0; null: all gates are cleared"}},
    .rows = set_trap_table_rows};

inline constexpr Row stack_switch_rows[] = {{
    .name = "stack_switch", .effect = "exceptions out of user mode arrive on this stack"}};
inline constexpr Family stack_switch{
    .number = __HYPERVISOR_stack_switch, .name = "stack_switch",
    .effect = "name the stack on which the guest's kernel is entered",
    .arguments = {{"ss", "selector; its RPL is made 3"}, {"rsp", "address"}},
    .rows = stack_switch_rows};

inline constexpr Row set_callbacks_rows[] = {{
    .name = "set_callbacks",
    .effect = "events, failed returns and system calls enter the kernel here; an entry that lies where a guest may not be "
              "entered stays as it was"}};
inline constexpr Family set_callbacks{
    .number = __HYPERVISOR_set_callbacks, .name = "set_callbacks",
    .effect = "name the entries for events, failed returns and system calls",
    .arguments = {{"event", "address"}, {"failsafe", "address"}, {"syscall", "address"}},
    .rows = set_callbacks_rows};

inline constexpr Row callback_rows[] = {
    {.command = CALLBACKOP_register, .name = "register",
     .effect = "the kernel is entered here for this",
     .operand = in<callback_register>(),
     .fields = {{"type", "CALLBACKTYPE_event, _failsafe, _syscall, _syscall32, _nmi or _sysenter, where nothing arrives"},
                {"flags", "CALLBACKF_mask_events: events are shut out on entry"},
                {"address", "canonical, and not the hypervisor's"}},
     .refusals = {{Error::invalid, "the entry lies where a guest may not be entered"},
                  {Error::not_implemented, "no such type"}}},
    {.command = CALLBACKOP_unregister, .name = "unregister",
     .effect = "NMIs are not delivered any more",
     .operand = in<callback_unregister>(),
     .fields = {{"type", "CALLBACKTYPE_nmi"}},
     .refusals = {{Error::invalid, "the kernel cannot be without an entry of this type"},
                  {Error::not_implemented, "no such type"}}},
};
inline constexpr Family callback_op{
    .number = __HYPERVISOR_callback_op, .name = "callback_op",
    .effect = "register the guest's entry points",
    .selector = Selector::argument,
    .arguments = {{"command", "CALLBACKOP_*"}, {"structure", "the command's"}},
    .rows = callback_rows};

inline constexpr Row nmi_rows[] = {
    {.command = XENNMI_register_callback, .name = "register_callback",
     .effect = "NMIs of the vcpu enter its kernel here, through gate 2 of its trap table, with events shut out; none comes until "
               "the kernel's next iret. Vcpu 0 has one at once if shared_info's nmi_reason names a cause",
     .operand = in<xennmi_callback>(),
     .fields = {{"handler_address", "canonical, and not the hypervisor's"}},
     .refusals = {{Error::invalid, "the handler lies where a guest may not be entered"}}},
    {.command = XENNMI_unregister_callback, .name = "unregister_callback", .effect = "NMIs are not delivered any more"},
};
inline constexpr Family nmi_op{
    .number = __HYPERVISOR_nmi_op, .name = "nmi_op",
    .effect = "name the handler of NMIs",
    .selector = Selector::argument,
    .arguments = {{"command", "XENNMI_*"}, {"structure", "the command's"}},
    .rows = nmi_rows};

inline constexpr Row vm_assist_rows[] = {
    {.command = VMASST_CMD_enable, .name = "enable", .effect = "the domain has this assistance",
     .refusals = {{Error::invalid, "there is no such assistance, or none for hardware-assisted guests but runstate_update_flag"}}},
    {.command = VMASST_CMD_disable, .name = "disable", .effect = "the domain does without it",
     .refusals = {{Error::invalid, "there is no such assistance, or none for hardware-assisted guests but runstate_update_flag"}}},
};
inline constexpr Family vm_assist{
    .number = __HYPERVISOR_vm_assist, .name = "vm_assist",
    .effect = "switch an assistance for the domain on or off",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "VMASST_CMD_*"},
                  {"type", "VMASST_TYPE_*. With an effect: pae_extended_cr3 (3), get_features tells of it; architectural_iopl "
                           "(4), the kernel counts as ring 0 where the I/O privilege is compared; runstate_update_flag (5), a "
                           "bit of the area is set while it is written. Without one: 4gb_segments (0), 4gb_segments_notify "
                           "(1), writable_pagetables (2), m2p_strict (32)"}},
    .rows = vm_assist_rows};

inline constexpr Row fpu_taskswitch_rows[] = {{
    .name = "fpu_taskswitch", .effect = "the guest's CR0.TS is set or clear"}};
inline constexpr Family fpu_taskswitch{
    .number = __HYPERVISOR_fpu_taskswitch, .name = "fpu_taskswitch",
    .effect = "set or clear the guest's CR0.TS",
    .arguments = {{"set", "0 clears it, anything else sets it"}},
    .rows = fpu_taskswitch_rows};

inline constexpr Row set_debugreg_rows[] = {{
    .name = "set_debugreg", .effect = "the vcpu's debug register has this value",
    .refusals = {{Error::not_permitted, "a breakpoint at an address that is not the guest's"},
                 {Error::no_device, "there is no such register"},
                 {Error::invalid, "reserved bits, or a kind of breakpoint that is not allowed"}}}};
inline constexpr Family set_debugreg{
    .number = __HYPERVISOR_set_debugreg, .name = "set_debugreg",
    .effect = "write a debug register of the vcpu",
    .arguments = {{"register", "0 to 7"}, {"value", "its new value"}},
    .rows = set_debugreg_rows};

inline constexpr Row get_debugreg_rows[] = {{
    .name = "get_debugreg", .effect = "tells the vcpu's debug register", .success = "its value",
    .refusals = {{Error::no_device, "there is no such register"}}}};
inline constexpr Family get_debugreg{
    .number = __HYPERVISOR_get_debugreg, .name = "get_debugreg",
    .effect = "read a debug register of the vcpu",
    .arguments = {{"register", "0 to 7"}},
    .rows = get_debugreg_rows};

inline constexpr Row set_segment_base_rows[] = {{
    .name = "set_segment_base", .effect = "the guest's FS or GS base is this address, or its user GS this selector",
    .refusals = {{Error::invalid, "no such register, or the base is not canonical"}}}};
inline constexpr Family set_segment_base{
    .number = __HYPERVISOR_set_segment_base, .name = "set_segment_base",
    .effect = "load FS or GS of the guest",
    .arguments = {{"which", "SEGBASE_*"}, {"base", "canonical; for SEGBASE_GS_USER_SEL a selector: one that cannot be "
                                                   "loaded becomes null"}},
    .rows = set_segment_base_rows};

inline constexpr Row set_gdt_rows[] = {{
    .name = "set_gdt", .effect = "these frames, whose descriptors have been checked, are the vcpu's GDT",
    .refusals = {{Error::invalid, "too many entries, or a frame that is not the caller's, is in other use, or holds a "
                                  "descriptor that is not permitted"},
                 {Error::bad_address, "the list cannot be read"}},
    .cost = Cost::per_element}};
inline constexpr Family set_gdt{
    .number = __HYPERVISOR_set_gdt, .name = "set_gdt",
    .effect = "make checked frames the vcpu's GDT",
    .arguments = {{"frames", "machine frame numbers, 512 entries each"}, {"entries", "at most 7168"}},
    .rows = set_gdt_rows};

inline constexpr Row update_descriptor_rows[] = {{
    .name = "update_descriptor", .effect = "the descriptor has been checked and is in its place",
    .refusals = {{Error::invalid, "the address is misaligned or not the caller's to write, or the descriptor is not "
                                  "permitted"}}}};
inline constexpr Family update_descriptor{
    .number = __HYPERVISOR_update_descriptor, .name = "update_descriptor",
    .effect = "write one checked descriptor of a GDT or LDT frame",
    .arguments = {{"address", "machine address, a multiple of 8"}, {"descriptor", "its 8 bytes"}},
    .rows = update_descriptor_rows};

inline constexpr Row iret_rows[] = {{
    .name = "iret", .effect = "the guest goes on as the frame on its kernel's stack says"}};
inline constexpr Family iret{
    .number = __HYPERVISOR_iret, .name = "iret",
    .effect = "return from a guest's exception, event or system call",
    .rows = iret_rows};

inline constexpr Row set_timer_rows[] = {{
    .name = "set_timer_op", .effect = "the vcpu has a timer event at this time"}};
inline constexpr Family set_timer_op{
    .number = __HYPERVISOR_set_timer_op, .name = "set_timer_op",
    .effect = "raise the timer event at a system time",
    .guests = Guests::all,
    .arguments = {{"deadline", "system time in nanoseconds; 0 stops the timer, one more than 2^50 ns off is 100 ms from now"}},
    .rows = set_timer_rows};

inline constexpr Row multicall_rows[] = {{
    .name = "multicall", .effect = "the calls have been made in order, and each entry has its own result",
    .operand = in_out<multicall_entry_t>(),
    .fields = {{"op", "a hypercall's number; of multicall the result is -EINVAL, of none that there is -ENOSYS; iret takes "
                      "effect and ends the list"},
               {"args", "its arguments; those of a call that is resumed are its cursor by then"}, {"result", "out: its answer"}},
    .cost = Cost::resumed}};
inline constexpr Family multicall{
    .number = __HYPERVISOR_multicall, .name = "multicall",
    .effect = "make a list of hypercalls in order",
    .guests = Guests::all,
    .arguments = {{"entries", "multicall_entry_t; where one cannot be read or written the list ends, the calls before it made"},
                  {"count", "how many, the low 32 bits"}},
    .rows = multicall_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::set_trap_table>(Call);
template <>
Ending hypercall<table::stack_switch>(Call);
template <>
Ending hypercall<table::set_callbacks>(Call);
template <>
Ending hypercall<table::callback_op>(Call);
template <>
Ending hypercall<table::nmi_op>(Call);
template <>
Ending hypercall<table::vm_assist>(Call);
template <>
Ending hypercall<table::fpu_taskswitch>(Call);
template <>
Ending hypercall<table::set_debugreg>(Call);
template <>
Ending hypercall<table::get_debugreg>(Call);
template <>
Ending hypercall<table::set_segment_base>(Call);
template <>
Ending hypercall<table::set_gdt>(Call);
template <>
Ending hypercall<table::update_descriptor>(Call);
template <>
Ending hypercall<table::iret>(Call);
template <>
Ending hypercall<table::set_timer_op>(Call);
template <>
Ending hypercall<table::multicall>(Call);

}   // namespace basalt::hypercalls
