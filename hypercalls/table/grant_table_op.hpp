// Grant tables (<xen/grant_table.h>). A request that is wrong in itself has its GNTST_* status in its structure.
#pragma once

#include "abi/grant_table.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr std::string_view check_never_lasts = "no test grants a page that stays so for long";
inline constexpr Refusal page_is_changing{grant_status(GNTST_eagain),
                                          "the page is being checked, or waits to be taken apart as a table: ask again",
                                          check_never_lasts};
inline constexpr Refusal not_one_request{Error::invalid, "the count is not 1"};

inline constexpr Row grant_table_rows[] = {
    {.command = GNTTABOP_map_grant_ref, .name = "map_grant_ref",
     .effect = "the granted frame is mapped at the address, or noted for devices, and its entry says that it is in use; what cannot be "
               "told to the caller stays so",
     .operand = in_out<gnttab_map_grant_ref_t>(offsetof(gnttab_map_grant_ref_t, status)),
     .fields = {{"host_addr", "any address in the page that is to show it; with GNTMAP_contains_pte the machine address of a level-1 "
                              "entry, a multiple of 8. Of a hardware-assisted guest: any address in the frame of its own that is to show it; "
                              "what was there is not in sight any more"},
                {"flags", "GNTMAP_host_map, _device_map or both; _readonly, _application_map, _contains_pte, and bits for the entry. Of a "
                          "hardware-assisted guest: host_map, or with it _readonly, and then what it writes there is dropped"},
                {"ref", "the entry of the granter's table, below 512 for each of its frames"},
                {"dom", "the granter, by its number"},
                {"handle", "out: to unmap it by"}, {"dev_bus_addr", "out: the frame's machine address"}},
     .refusals = {{grant_status(GNTST_bad_domain), "there is no such domain, it is dying, or DOMID_SELF"},
                  {grant_status(GNTST_bad_gntref), "the table has no such entry, or neither host_map nor device_map is asked for"},
                  {grant_status(GNTST_general_error), "nothing is granted there to the caller, or it is and not for writing, or the "
                                                      "frame is a page table, or the address has no level-1 entry, or the flags are not for the "
                                                      "caller's kind, or the entry is in use 32767 times"},
                  {grant_status(GNTST_bad_page), "the entry names a frame that is not the granter's memory"},
                  {grant_status(GNTST_no_space), "the caller has as many mappings as it may"},
                  page_is_changing},
     .cost = Cost::resumed,
     .differs = "frames that a domain shares with the hypervisor, as those of its grant table, Xen maps too; Basalt: GNTST_general_error. "
                "Xen lets an entry be mapped 255 times"},
    {.command = GNTTABOP_unmap_grant_ref, .name = "unmap_grant_ref",
     .effect = "what is named of the mapping is over, no CPU has a translation of it, and the granter is told",
     .operand = in_out<gnttab_unmap_grant_ref_t>(offsetof(gnttab_unmap_grant_ref_t, status)),
     .fields = {{"host_addr", "where it is mapped, as it was given; 0: that part stays"},
                {"dev_bus_addr", "the frame's machine address; 0: the devices' part stays"}, {"handle", "of the mapping"}},
     .refusals = {{grant_status(GNTST_bad_handle), "there is no such mapping, or none any more"},
                  {grant_status(GNTST_bad_dev_addr), "dev_bus_addr is not the frame's; nothing is unmapped"},
                  {grant_status(GNTST_general_error), "the entry at host_addr does not map the frame, or not with the mapping's right to write, or there is none"},
                  page_is_changing},
     .cost = Cost::resumed},
    {.command = GNTTABOP_unmap_and_replace, .name = "unmap_and_replace",
     .effect = "the mapping is over, and what was mapped at another address is mapped in its place and no longer there",
     .operand = in_out<gnttab_unmap_and_replace_t>(offsetof(gnttab_unmap_and_replace_t, status)),
     .fields = {{"host_addr", "where it is mapped"}, {"new_addr", "what takes its place; 0: nothing"}, {"handle", "of the mapping"}},
     .refusals = {{grant_status(GNTST_bad_handle), "there is no such mapping, or none any more"},
                  {grant_status(GNTST_general_error), "the entry at host_addr does not map the frame, or not with the mapping's right to write, an address has no level-1 entry, or "
                                                      "the mapping was made with GNTMAP_contains_pte, or the caller is a hardware-assisted guest"},
                  page_is_changing},
     .cost = Cost::resumed, .differs = "Xen tells a hardware-assisted guest by -ENOSYS that this is not for it"},
    {.command = GNTTABOP_copy, .name = "copy",
     .effect = "bytes of one page are copied to another, each a granted page or one of the caller's own",
     .operand = in_out<gnttab_copy_t>(offsetof(gnttab_copy_t, status)),
     .fields = {{"source.u", "the entry's number with GNTCOPY_source_gref, otherwise the number of a frame of the caller's"},
                {"source.domid", "the granter; DOMID_SELF for a frame, or for one's own grant"},
                {"source.offset", "bytes, 0 to 4096"}, {"dest", "likewise, with GNTCOPY_dest_gref"},
                {"len", "bytes, 0 to 4096; neither side crosses the end of its page"}, {"flags", "GNTCOPY_source_gref, GNTCOPY_dest_gref"}},
     .refusals = {{grant_status(GNTST_bad_domain), "there is no such domain, or it is dying"},
                  {grant_status(GNTST_permission_denied), "a frame of another domain's"},
                  {grant_status(GNTST_bad_gntref), "the table has no such entry"},
                  {grant_status(GNTST_general_error), "nothing is granted there to the caller, or it is and not for writing, or what is to "
                                                      "be written is a page table"},
                  {grant_status(GNTST_bad_page), "a frame that is not the granter's, or not the caller's"},
                  {grant_status(GNTST_bad_copy_arg), "a side crosses the end of its page"},
                  page_is_changing},
     .cost = Cost::resumed,
     .differs = "granted frames that a domain shares with the hypervisor Xen copies too; Basalt: GNTST_general_error"},
    {.command = GNTTABOP_setup_table, .name = "setup_table",
     .effect = "the domain's table has at least so many frames, and the list their numbers; it has grown also where those cannot be "
               "written",
     .asker = Asker::for_itself, .domain_at = offsetof(gnttab_setup_table_t, dom),
     .operand = in_out<gnttab_setup_table_t>(offsetof(gnttab_setup_table_t, status)),
     .fields = {{"dom", "whose; DOMID_SELF, or, of the privileged, another"}, {"nr_frames", "0 to what query_size says, of 512 entries each"},
                {"frame_list", "out: their frame numbers"}},
     .refusals = {not_one_request, {Error::bad_address, "frame_list is the hypervisor's or not canonical"},
                  {grant_status(GNTST_general_error), "more frames than the table may have"},
                  {grant_status(GNTST_bad_virt_addr), "the list cannot be written"}},
     .cost = Cost::per_element},
    {.command = GNTTABOP_query_size, .name = "query_size",
     .effect = "the structure tells how long the domain's table is and may become",
     .asker = Asker::for_itself, .domain_at = offsetof(gnttab_query_size_t, dom),
     .operand = in_out<gnttab_query_size_t>(offsetof(gnttab_query_size_t, status)),
     .fields = {{"dom", "whose; DOMID_SELF, or, of the privileged, another"}, {"nr_frames", "out: frames of 512 entries"},
                {"max_nr_frames", "out: how many there may be"}},
     .refusals = {not_one_request}},
    {.command = GNTTABOP_set_version, .name = "set_version",
     .effect = "the table's entries have this form, which is the only one",
     .operand = in_out<gnttab_set_version_t>(),
     .fields = {{"version", "in: 1; out: 1"}},
     .told_when_refused = "the version that is in force",
     .refusals = {{Error::not_implemented, "version 2"}, {Error::invalid, "there is no such version"}},
     .differs = "Xen has version 2"},
    {.command = GNTTABOP_get_version, .name = "get_version",
     .effect = "the structure tells the form of the domain's entries",
     .asker = Asker::for_itself, .domain_at = offsetof(gnttab_get_version_t, dom),
     .operand = in_out<gnttab_get_version_t>(),
     .fields = {{"dom", "whose; DOMID_SELF, or, of the privileged, another"}, {"version", "out: 1"}}},
    {.command = GNTTABOP_dump_table, .name = "dump_table",
     .effect = "prints a table", .left_out = {.reason = "Xen has it no longer either"}},
    {.command = GNTTABOP_transfer, .name = "transfer",
     .effect = "gives frames away to another domain", .left_out = {.reason = "no current kernel gives frames away"}},
    {.command = GNTTABOP_get_status_frames, .name = "get_status_frames",
     .effect = "lists the status frames of version 2", .left_out = {.reason = "version 2 is not there"}},
    {.command = GNTTABOP_swap_grant_ref, .name = "swap_grant_ref",
     .effect = "exchanges two entries of the caller's table", .left_out = {.reason = "no current kernel asks for it"}},
    {.command = GNTTABOP_cache_flush, .name = "cache_flush",
     .effect = "writes caches back",
     .left_out = {Error::not_supported, "caches are coherent on this machine"}},
};

inline constexpr Family grant_table_op{
    .number = __HYPERVISOR_grant_table_op, .name = "grant_table_op",
    .effect = "share frames with, and copy between, domains",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "GNTTABOP_*"},
                  {"structures", "the command's: a list of them, which ends where one cannot be read or written and stays done so far"},
                  {"count", "how many, at most 2^31 - 1"}},
    .refusals = {{Error::invalid, "the count is 2^31 or more, or the command has bits above its 12"}},
    .rows = grant_table_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::grant_table_op>(Call);

}   // namespace basalt::hypercalls
