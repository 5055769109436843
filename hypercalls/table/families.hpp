// All hypercalls, by number.
#pragma once

#include <array>

#include "table/basalt_op.hpp"
#include "table/console_io.hpp"
#include "table/domctl.hpp"
#include "table/entries.hpp"
#include "table/event_channel_op.hpp"
#include "table/grant_table_op.hpp"
#include "table/hvm_op.hpp"
#include "table/left_out.hpp"
#include "table/mca.hpp"
#include "table/memory_op.hpp"
#include "table/mmuext_op.hpp"
#include "table/page_table_writes.hpp"
#include "table/physdev_op.hpp"
#include "table/platform_op.hpp"
#include "table/sched_op.hpp"
#include "table/sysctl.hpp"
#include "table/vcpu_op.hpp"
#include "table/xen_version.hpp"

namespace basalt::table {

template <const Family&... family>
struct FamilyList {
    static constexpr std::array<const Family*, sizeof...(family)> all{&family...};
};

using Families = FamilyList<
    set_trap_table, mmu_update, set_gdt, stack_switch, set_callbacks, fpu_taskswitch, sched_op_compat, platform_op,
    set_debugreg, get_debugreg, update_descriptor, memory_op, multicall, update_va_mapping, set_timer_op,
    event_channel_op_compat, xen_version, console_io, physdev_op_compat, grant_table_op, vm_assist,
    update_va_mapping_otherdomain, iret, vcpu_op, set_segment_base, mmuext_op, xsm_op, nmi_op, sched_op, callback_op,
    xenoprof_op, event_channel_op, physdev_op, hvm_op, sysctl, domctl, kexec_op, tmem_op, argo_op, xenpmu_op, dm_op,
    hypfs_op, mca, basalt_op>;

inline constexpr auto& families = Families::all;

}  // namespace basalt::table
