// Grant tables (<xen/grant_table.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Row grant_table_rows[] = {
    {.command = GNTTABOP_map_grant_ref, .name = "map_grant_ref",
     .effect = "map what another domain has granted; a mapping whose answer cannot be written stays, as on Xen",
     .operand = in_out<gnttab_map_grant_ref_t>(offsetof(gnttab_map_grant_ref_t, status)),
     .cost = Cost::resumed},
    {.command = GNTTABOP_unmap_grant_ref, .name = "unmap_grant_ref",
     .effect = "end such mappings",
     .operand = in_out<gnttab_unmap_grant_ref_t>(offsetof(gnttab_unmap_grant_ref_t, status)),
     .cost = Cost::resumed},
    {.command = GNTTABOP_unmap_and_replace, .name = "unmap_and_replace",
     .effect = "end such mappings, other pages of the caller's taking their places",
     .operand = in_out<gnttab_unmap_and_replace_t>(offsetof(gnttab_unmap_and_replace_t, status)),
     .cost = Cost::resumed},
    {.command = GNTTABOP_copy, .name = "copy",
     .effect = "copy bytes from and to granted pages",
     .operand = in_out<gnttab_copy_t>(offsetof(gnttab_copy_t, status)),
     .cost = Cost::resumed},
    {.command = GNTTABOP_cache_flush, .name = "cache_flush",
     .effect = "writes caches back",
     .left_out = {Error::not_supported, "caches are coherent on this machine"}},
    {.command = GNTTABOP_setup_table, .name = "setup_table",
     .effect = "grow the table, and list its frames",
     .operand = in_out<gnttab_setup_table_t>(offsetof(gnttab_setup_table_t, status))},
    {.command = GNTTABOP_query_size, .name = "query_size",
     .effect = "how long it is, and may become",
     .operand = in_out<gnttab_query_size_t>(offsetof(gnttab_query_size_t, status))},
    {.command = GNTTABOP_set_version, .name = "set_version",
     .effect = "choose the form of the entries: only 1",
     .operand = in_out<gnttab_set_version_t>()},
    {.command = GNTTABOP_get_version, .name = "get_version",
     .effect = "which form that is",
     .asker = Asker::for_itself,
     .operand = in_out<gnttab_get_version_t>()},
};

inline constexpr Family grant_table_op{
    .number = __HYPERVISOR_grant_table_op, .name = "grant_table_op",
    .effect = "share frames with, and copy between, domains",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "GNTTABOP_*"}, {"structures", "the command's, a list of them"}, {"count", "how many, at most 2^31 - 1"}},
    .rows = grant_table_rows};

}  // namespace basalt::table
