// Every hypercall that exists, one row each. Dispatch, names and the reference follow from these rows.
#pragma once

#include <array>
#include <string_view>

#include "hypercalls/handlers.hpp"

namespace basalt::hypercalls {

struct Hypercall {
    std::uint32_t number;
    std::string_view name;
    Guests guests;
    Asker asker;
    Handler handler;
    std::string_view effect;
};

inline constexpr auto hypercalls = std::to_array<Hypercall>({
    {__HYPERVISOR_set_trap_table, "set_trap_table", Guests::pv, Asker::anyone, Decoded<set_trap_table>::call,
     "name the handlers of the vcpu's exceptions"},
    {__HYPERVISOR_mmu_update, "mmu_update", Guests::pv, Asker::anyone, Decoded<mmu_update>::call,
     "write page-table entries after checking them, and M2P entries"},
    {__HYPERVISOR_set_gdt, "set_gdt", Guests::pv, Asker::anyone, Decoded<set_gdt>::call,
     "make checked frames the vcpu's GDT"},
    {__HYPERVISOR_stack_switch, "stack_switch", Guests::pv, Asker::anyone, Decoded<stack_switch>::call,
     "name the stack on which the guest's kernel is entered"},
    {__HYPERVISOR_set_callbacks, "set_callbacks", Guests::pv, Asker::anyone, Decoded<set_callbacks>::call,
     "name the entries for events, failed returns and system calls"},
    {__HYPERVISOR_fpu_taskswitch, "fpu_taskswitch", Guests::pv, Asker::anyone, Decoded<fpu_taskswitch>::call,
     "set or clear the guest's CR0.TS"},
    {__HYPERVISOR_set_debugreg, "set_debugreg", Guests::pv, Asker::anyone, Decoded<set_debugreg>::call,
     "write a debug register of the vcpu"},
    {__HYPERVISOR_get_debugreg, "get_debugreg", Guests::pv, Asker::anyone, Decoded<get_debugreg>::call,
     "read a debug register of the vcpu"},
    {__HYPERVISOR_update_descriptor, "update_descriptor", Guests::pv, Asker::anyone,
     Decoded<update_descriptor>::call, "write one checked descriptor of a GDT or LDT frame"},
    {__HYPERVISOR_memory_op, "memory_op", Guests::all, Asker::anyone, Decoded<memory_op>::call,
     "gain, return and exchange frames; describe memory"},
    {__HYPERVISOR_multicall, "multicall", Guests::all, Asker::anyone, Decoded<multicall>::call,
     "make a list of hypercalls in order"},
    {__HYPERVISOR_update_va_mapping, "update_va_mapping", Guests::pv, Asker::anyone,
     Decoded<update_va_mapping>::call, "write the L1 entry that maps an address"},
    {__HYPERVISOR_set_timer_op, "set_timer_op", Guests::all, Asker::anyone, Decoded<set_timer_op>::call,
     "raise the timer event at a system time"},
    {__HYPERVISOR_xen_version, "xen_version", Guests::all, Asker::anyone, Decoded<xen_version>::call,
     "tell what the hypervisor is and has"},
    {__HYPERVISOR_console_io, "console_io", Guests::all, Asker::privileged, Decoded<console_io>::call,
     "write to and read from the machine's console"},
    {__HYPERVISOR_grant_table_op, "grant_table_op", Guests::all, Asker::anyone, Decoded<grant_table_op>::call,
     "share frames with, and copy between, domains"},
    {__HYPERVISOR_vm_assist, "vm_assist", Guests::pv, Asker::anyone, Decoded<vm_assist>::call,
     "switch an assistance for the domain on or off"},
    {__HYPERVISOR_update_va_mapping_otherdomain, "update_va_mapping_otherdomain", Guests::pv,
     Asker::privileged, Decoded<update_va_mapping_otherdomain>::call,
     "write the L1 entry that maps an address, on behalf of another domain"},
    {__HYPERVISOR_iret, "iret", Guests::pv, Asker::anyone, Decoded<iret>::call,
     "return from a guest's exception, event or system call"},
    {__HYPERVISOR_vcpu_op, "vcpu_op", Guests::all, Asker::anyone, Decoded<vcpu_op>::call,
     "start, stop and describe vcpus; their timers and shared areas"},
    {__HYPERVISOR_set_segment_base, "set_segment_base", Guests::pv, Asker::anyone,
     Decoded<set_segment_base>::call, "load FS or GS of the guest"},
    {__HYPERVISOR_mmuext_op, "mmuext_op", Guests::pv, Asker::anyone, Decoded<mmuext_op>::call,
     "pin tables, change roots, flush translations"},
    {__HYPERVISOR_nmi_op, "nmi_op", Guests::pv, Asker::anyone, Decoded<nmi_op>::call,
     "name the handler of NMIs"},
    {__HYPERVISOR_sched_op, "sched_op", Guests::all, Asker::anyone, Decoded<sched_op>::call,
     "yield, block, poll, shut down"},
    {__HYPERVISOR_callback_op, "callback_op", Guests::pv, Asker::anyone, Decoded<callback_op>::call,
     "register the guest's entry points"},
    {__HYPERVISOR_event_channel_op, "event_channel_op", Guests::all, Asker::anyone,
     Decoded<event_channel_op>::call, "make, bind, signal and close event channels"},
    {__HYPERVISOR_physdev_op, "physdev_op", Guests::pv, Asker::anyone, Decoded<physdev_op>::call,
     "route interrupts, announce devices"},
    {__HYPERVISOR_platform_op, "platform_op", Guests::all, Asker::privileged, Decoded<platform_op>::call,
     "drive the machine: time, sleep, firmware, CPUs"},
    {__HYPERVISOR_sysctl, "sysctl", Guests::all, Asker::privileged, Decoded<sysctl>::call,
     "describe the machine and its domains to tools"},
    {__HYPERVISOR_domctl, "domctl", Guests::all, Asker::privileged, Decoded<domctl>::call,
     "describe and steer a domain for tools"},
    {__HYPERVISOR_mca, "mca", Guests::pv, Asker::privileged, Decoded<mca>::call,
     "fetch machine-check records"},
    {__HYPERVISOR_arch_7, "basalt_op", Guests::all, Asker::privileged, Decoded<basalt_op>::call,
     "Basalt's own: audit all frames, ports and grants"},
});

void hypercall_number_used_twice();   // never defined: reaching it while compiling stops the build

inline constexpr std::size_t hypercall_slots = 64;

}  // namespace basalt::hypercalls
