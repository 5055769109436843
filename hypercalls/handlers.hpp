// The entry of each family of calls, as the table names them. Parameters follow the argument registers;
// their meaning, bounds and errors stand at the definitions.
#pragma once

#include <cstdint>

#include "hypercalls/call.hpp"

namespace basalt::hypercalls {

// traps.cpp, descriptors.cpp: what the running vcpu's kernel tells about itself
Result<> set_trap_table(GuestPointer<trap_info_t> table);
Result<> set_gdt(GuestPointer<xen_pfn_t> frames, std::uint32_t entries);
Result<> stack_switch(std::uint64_t selector, std::uint64_t pointer);
Result<> set_callbacks(std::uint64_t event, std::uint64_t failsafe, std::uint64_t system_call);
Result<> fpu_taskswitch(std::uint32_t set);
Result<> update_descriptor(std::uint64_t machine_address, std::uint64_t descriptor);
Result<> set_debugreg(std::uint32_t number, std::uint64_t value);
Result<std::uint64_t> get_debugreg(std::uint32_t number);
Result<> set_segment_base(std::uint32_t which, std::uint64_t base);
Result<std::int64_t> callback_op(std::uint32_t command, std::uint64_t argument);
Result<std::int64_t> nmi_op(std::uint32_t command, std::uint64_t argument);
Result<std::int64_t> vm_assist(std::uint32_t command, std::uint32_t type);
Ending iret(Registers& registers);

// page tables and memory: resumed by rewriting their argument registers
Ending mmu_update(Registers& registers);
Ending mmuext_op(Registers& registers);
Ending update_va_mapping(Registers& registers);
Ending update_va_mapping_otherdomain(Registers& registers);
Ending memory_op(Registers& registers);

// events, grants, scheduling, time
Ending event_channel_op(Registers& registers);
Ending grant_table_op(Registers& registers);
Result<std::int64_t> sched_op(std::uint32_t command, std::uint64_t argument);
Ending vcpu_op(Registers& registers);
Result<> set_timer_op(std::uint64_t deadline);

// the machine, as its privileged domain drives it
Result<std::int64_t> physdev_op(std::uint32_t command, std::uint64_t argument);
Result<std::int64_t> platform_op(GuestPointer<xen_platform_op_t> request);
Result<std::int64_t> mca(std::uint64_t request);

// one domain, and the machine, for tools
Ending domctl(Registers& registers);
Result<std::int64_t> sysctl(GuestPointer<xen_sysctl_t> request);

// basalt_op.cpp: what other hypervisors do not have
Ending basalt_op(Registers& registers);

// the rest
Ending xen_version(Registers& registers);
Ending console_io(Registers& registers);
Ending multicall(Registers& registers);

}  // namespace basalt::hypercalls
