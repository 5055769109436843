// Whole families that are not there, on purpose or not yet.
#pragma once

#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Family sched_op_compat{.number = __HYPERVISOR_sched_op_compat, .name = "sched_op_compat",
    .left_out = {.reason = "the form of before 2005"}};
inline constexpr Family event_channel_op_compat{.number = __HYPERVISOR_event_channel_op_compat, .name = "event_channel_op_compat",
    .left_out = {.reason = "the form of before 2005"}};
inline constexpr Family physdev_op_compat{.number = __HYPERVISOR_physdev_op_compat, .name = "physdev_op_compat",
    .left_out = {.reason = "the form of before 2005"}};
inline constexpr Family xsm_op{.number = __HYPERVISOR_xsm_op, .name = "xsm_op",
    .left_out = {.reason = "no security module: Debian's Xen has none either"}};
inline constexpr Family xenoprof_op{.number = __HYPERVISOR_xenoprof_op, .name = "xenoprof_op",
    .left_out = {.reason = "a profiler that current kernels have dropped"}};
inline constexpr Family kexec_op{.number = __HYPERVISOR_kexec_op, .name = "kexec_op",
    .left_out = {.reason = "Dom0 cannot yet leave a crash kernel"}};
inline constexpr Family tmem_op{.number = __HYPERVISOR_tmem_op, .name = "tmem_op",
    .left_out = {.reason = "removed from Xen too"}};
inline constexpr Family argo_op{.number = __HYPERVISOR_argo_op, .name = "argo_op",
    .left_out = {.reason = "Debian's Xen has none either"}};
inline constexpr Family hypfs_op{.number = __HYPERVISOR_hypfs_op, .name = "hypfs_op",
    .left_out = {.reason = "what it tells is in sysctl and on the console"}};
inline constexpr Family xenpmu_op{.number = __HYPERVISOR_xenpmu_op, .name = "xenpmu_op",
    .left_out = {.reason = "performance counters are not virtualised"}};
inline constexpr Family dm_op{.number = __HYPERVISOR_dm_op, .name = "dm_op",
    .left_out = {.reason = "no device models yet"}};

}  // namespace basalt::table
