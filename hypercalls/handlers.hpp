// The entry of each family of calls, as the table names them. Parameters follow the argument registers;
// their meaning, bounds and errors stand at the definitions.
#pragma once

#include <cstdint>

#include "abi/domctl.hpp"
#include "abi/mca.hpp"
#include "abi/platform.hpp"
#include "abi/sysctl.hpp"
#include "abi/xen.hpp"
#include "hypercalls/batch.hpp"

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
Ending callback_op(Call call, std::uint32_t command);
Ending nmi_op(Call call, std::uint32_t command);
Ending vm_assist(Call call, std::uint32_t command);
Ending iret();

// page tables and memory: what is left of a list that is resumed is in its arguments
Step<> mmu_update(Batch<mmu_update_t> batch, std::uint32_t domains);
Step<> mmuext_op(Batch<mmuext_op_t> batch, std::uint32_t domain);
Step<> update_va_mapping(std::uint64_t address, std::uint64_t entry, std::uint64_t flags);
Step<> update_va_mapping_otherdomain(std::uint64_t address, std::uint64_t entry, std::uint64_t flags, std::uint32_t domain);
Ending memory_op(Call call, Kept<std::uint64_t> command);

// events, grants, scheduling, time
Ending event_channel_op(Call call, std::uint32_t command);
Ending grant_table_op(Call call, std::uint32_t command, std::uint64_t structures, std::uint32_t count);
Ending sched_op(Call call, std::uint32_t command);
Ending vcpu_op(Call call, std::uint32_t command, VcpuId id);
Result<> set_timer_op(std::uint64_t deadline);

// the machine, as its privileged domain drives it
Ending physdev_op(Call call, std::uint32_t command);
Ending platform_op(Call call, GuestPointer<xen_platform_op_t> request);
Ending mca(Call call, GuestPointer<xen_mc_t> request);

// one domain, and the machine, for tools
Ending domctl(Call call, GuestPointer<xen_domctl_t> request);
Ending sysctl(Call call, GuestPointer<xen_sysctl_t> request);

// basalt_op.cpp: what other hypervisors do not have
Ending basalt_op(Call call, std::uint32_t command);

// the rest
Ending xen_version(Call call, std::uint32_t command);
Ending console_io(Call call, std::uint32_t command);
Ending multicall(Call call, List<multicall_entry_t> list);

}  // namespace basalt::hypercalls
