// Memory of domains, gained, given back and described (<xen/memory.h>).
#pragma once

#include "abi/memory.hpp"
#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr std::string_view extents_done =
    "how many extents are done, 0 to nr_extents: the first that cannot be done ends the call. A request that is wrong in itself "
    "has done none: it cannot be read, names no living domain that the caller may act for, has too large an order, 2^26 extents "
    "or more";
inline constexpr Field number_of_extents{"nr_extents", "how many, 0 to 2^26 - 1"};
inline constexpr Field extent_order{"extent_order", "2^n frames in each: 0 to 9, of the privileged to 12"};
inline constexpr Field own_or_other{"domid", "whose; DOMID_SELF, or, of the privileged, another"};
inline constexpr Field address_bits{"mem_flags", "bits 0 to 7: all of it shall lie below 2^n bytes, n above 12; 0: anywhere"};
inline constexpr std::string_view smaller_extents = "of the privileged Xen takes orders to 18";
inline constexpr std::string_view more_of_xen =
    "of the privileged Xen takes orders to 18; what a domain has given back it may get again as it was; "
    "of the privileged it takes the node that mem_flags asks for first, and no other where that is exactly wished: libxl says so "
    "only of guests with nodes of their own, which are left out";

inline constexpr Field space_of_frame{"space", "XENMAPSPACE_*: shared_info, grant_table, gmfn: one that it has at another place"};
inline constexpr Refusal not_keeping_its_p2m{Error::access_denied, "a PV guest keeps its p2m itself"};
inline constexpr Refusal no_such_frame{Error::invalid, "there is no such space, or no such frame in it, or no such place"};
inline constexpr Refusal no_table_left{Error::no_memory, "the memory that tools have given for the guest's tables is used up",
                                       "no test gives so little"};
inline constexpr std::string_view ranges_of_xen =
    "Xen moves ranges too (gmfn_range), and tells the unprivileged by -EACCES which domains are PV guests";

inline constexpr Row memory_rows[] = {
    {.command = XENMEM_increase_reservation, .name = "increase_reservation",
     .effect = "the domain has so many more extents of frames, which hold zeroes",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_memory_reservation_t, domid),
     .operand = in_if_there<xen_memory_reservation_t>(),
     .fields = {{"extent_start", "out: the first frame number of each; null, or of a hardware-assisted guest: they are not told"},
                number_of_extents, extent_order, address_bits, own_or_other},
     .success = extents_done,
     .cost = Cost::resumed, .differs = more_of_xen},
    {.command = XENMEM_decrease_reservation, .name = "decrease_reservation",
     .effect = "the domain has given these extents back; a frame that is still mapped is gone when nobody maps it any more",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_memory_reservation_t, domid),
     .operand = in_if_there<xen_memory_reservation_t>(),
     .fields = {{"extent_start", "the first frame number of each, any number; a hardware-assisted guest's own"},
                number_of_extents, extent_order, {"mem_flags", "not looked at, except that 1 to 12 address bits are refused"},
                own_or_other},
     .success = extents_done,
     .cost = Cost::resumed, .differs = smaller_extents},
    {.command = XENMEM_populate_physmap, .name = "populate_physmap",
     .effect = "the domain has so many more extents of frames, which hold zeroes, and the M2P has their places in its p2m",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_memory_reservation_t, domid),
     .operand = in_if_there<xen_memory_reservation_t>(),
     .fields = {{"extent_start", "in: the place of each; out, of a PV guest: its first frame number. Where that cannot be written it is the domain's "
                                 "all the same"},
                number_of_extents, extent_order,
                {"mem_flags", "bits 0 to 7: all of it shall lie below 2^n bytes, n above 12; 0: anywhere. "
                              "XENMEMF_populate_on_demand: nothing is done"},
                own_or_other},
     .success = extents_done,
     .cost = Cost::resumed, .differs = more_of_xen},
    {.command = XENMEM_exchange, .name = "exchange",
     .effect = "the domain has other frames for those it gave: contiguous, or low; what one extent of the larger order takes is "
               "done whole or not at all",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_memory_exchange_t, in.domid),
     .operand = in_out<xen_memory_exchange_t>(),
     .fields = {{"in.extent_start", "the first frame number of each extent that is given; nobody maps or uses one"},
                {"in.nr_extents", "how many"}, {"in.extent_order", "2^n frames in each: 0 to 9, of the privileged to 12"},
                {"in.domid", "whose; DOMID_SELF, or, of the privileged, another"},
                {"out.extent_start", "in: the place in the p2m of each extent that is taken; out: its first frame number"},
                {"out.nr_extents", "as many as make the same number of frames"}, {"out.extent_order", "as in.extent_order"},
                {"out.mem_flags", "bits 0 to 7: all of it shall lie below 2^n bytes; 0: anywhere"}, {"out.domid", "as in.domid"},
                {"nr_exchanged", "in and out: how many of in's extents are done, at most in.nr_extents"}},
     .told_when_refused = "in nr_exchanged how far it got, where a frame cannot be exchanged",
     .refusals = {{Error::invalid, "the two lists differ in frames or domain, more is done than there is, or a frame is not the "
                                   "domain's, or somebody maps or uses it"},
                  {Error::bad_address, "a list cannot be read or written"},
                  {Error::not_permitted, "an order is too large"},
                  {Error::not_supported, "a hardware-assisted guest, which numbers its frames itself"},
                  {Error::no_memory, "there are no such frames"}},
     .cost = Cost::resumed,
     .differs = "of the privileged Xen takes orders to 18; where out.extent_start cannot be read or written it keeps the frames"},
    {.command = XENMEM_maximum_ram_page, .name = "maximum_ram_page",
     .effect = "tells where the machine's memory ends",
     .success = "one past its last frame number"},
    {.command = XENMEM_current_reservation, .name = "current_reservation",
     .effect = "tells how many frames the domain has",
     .asker = Asker::for_itself, .domain_at = 0,
     .operand = in<domid_t>(),
     .fields = {own_or_other},
     .success = "the number"},
    {.command = XENMEM_maximum_reservation, .name = "maximum_reservation",
     .effect = "tells how many frames the domain may have",
     .asker = Asker::for_itself, .domain_at = 0,
     .operand = in<domid_t>(),
     .fields = {own_or_other},
     .success = "the number; 0xffffffff where there is no limit"},
    {.command = XENMEM_maximum_gpfn, .name = "maximum_gpfn",
     .effect = "tells where the domain's p2m ends",
     .asker = Asker::for_itself, .domain_at = 0,
     .operand = in<domid_t>(),
     .fields = {own_or_other},
     .success = "its last place, as the domain's shared_info says; 0 before it says so. Of a hardware-assisted guest: the last where "
                "anything has ever been"},
    {.command = XENMEM_machine_memory_map, .name = "machine_memory_map",
     .effect = "the list has what the firmware says of the machine's memory, unmodified",
     .asker = Asker::privileged,
     .operand = in_out<xen_memory_map_t>(),
     .fields = {{"nr_entries", "in, with a list: for how many there is room; out: how many there are"},
                {"buffer", "out: entries of 20 bytes, as the BIOS gives them"}},
     .refusals = {{Error::invalid, "there are more entries than room"}, {Error::bad_address, "the list cannot be written"}},
     .cost = Cost::per_element,
     .differs = "Xen tells what it has made of the firmware's list"},
    {.command = XENMEM_memory_map, .name = "memory_map",
     .effect = "the list has the map that the domain's builder left for it, as far as there is room",
     .operand = in_out<xen_memory_map_t>(),
     .fields = {{"nr_entries", "in: for how many there is room; out: how many were written"},
                {"buffer", "out: entries of 20 bytes, as the BIOS gives them"}},
     .refusals = {{Error::not_implemented, "nobody left one, or an empty one"}, {Error::bad_address, "the list cannot be written"}},
     .cost = Cost::per_element},
    {.command = XENMEM_set_memory_map, .name = "set_memory_map",
     .effect = "this is the map that the domain is told; one of no entries takes it away",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_foreign_memory_map_t, domid),
     .operand = in<xen_foreign_memory_map_t>(),
     .fields = {{"domid", "for whom"}, {"map.nr_entries", "0 to 128"}, {"map.buffer", "entries of 20 bytes, as the BIOS gives them"}},
     .refusals = {{Error::invalid, "more than 128 entries"}, {Error::bad_address, "the list cannot be read"}},
     .cost = Cost::per_element,
     .differs = "Xen takes up to 1024 entries"},
    {.command = XENMEM_acquire_resource, .name = "acquire_resource",
     .effect = "the list has frames of the domain's grant table, for the caller to map; the table has grown as far as that",
     .asker = Asker::privileged, .whom = Whom::remote, .domain_at = offsetof(xen_mem_acquire_resource_t, domid),
     .operand = in_out<xen_mem_acquire_resource_t>(),
     .fields = {{"domid", "whose; not the caller itself"}, {"type", "XENMEM_resource_grant_table"},
                {"id", "XENMEM_resource_grant_table_id_shared"},
                {"nr_frames", "how many, at least 1; where there is no list, in: 0, out: how many there may be"},
                {"pad", "0"}, {"frame", "the first"}, {"frame_list", "out: their numbers; null: only nr_frames is told"}},
     .refusals = {{Error::not_supported, "there is no such type of resource"},
                  {Error::invalid, "a PV domain has no such resource, frames beyond its end, 0 or too many of them, or pad is not 0"},
                  {Error::bad_address, "the list cannot be written; the table has grown"},
                  {Error::no_memory, "no memory for the table to grow", "no test uses up the hypervisor's memory"}},
     .cost = Cost::per_element,
     .differs = "Xen tells of status frames too, and of unknown types that there are 2^32 - 95 of them"},
    {.command = XENMEM_machphys_mapping, .name = "machphys_mapping",
     .effect = "the structure tells where the M2P is",
     .operand = out<xen_machphys_mapping_t>(),
     .fields = {{"v_start", "out: its address"}, {"v_end", "out: the end of its area, which has holes"},
                {"max_mfn", "out: the last frame number it has a word for; of domains but Dom0 the last that the area has room for"}}},
    {.command = XENMEM_machphys_mfn_list, .name = "machphys_mfn_list",
     .effect = "the list has the frames that hold the M2P",
     .operand = in_out<xen_machphys_mfn_list_t>(),
     .fields = {{"max_extents", "for how many there is room; 0 is none"},
                {"extent_start", "out: the first frame of each 2 MiB of the M2P; a hole repeats the one before"},
                {"nr_extents", "out: how many were written"}},
     .refusals = {{Error::bad_address, "the list cannot be written"}},
     .cost = Cost::per_element},
    {.command = XENMEM_claim_pages, .name = "claim_pages",
     .effect = "as many free frames are set aside as the domain lacks to this number",
     .asker = Asker::privileged,
     .operand = in<xen_memory_reservation_t>(),
     .fields = {{"extent_start", "null"},
                {"nr_extents", "how many frames the domain shall have in the end; 0: nothing is set aside any more"},
                {"extent_order", "0"}, {"mem_flags", "0"}, {"domid", "for whom, by its number"}},
     .refusals = {{Error::invalid, "there is no such domain, it has so many frames or may not have as many, frames are set aside for "
                                   "it already, or a list, an order or flags are given"},
                  {Error::no_memory, "not so many frames are free, as sysctl.physinfo tells them"}}},
    {.command = XENMEM_get_sharing_freed_pages, .name = "get_sharing_freed_pages",
     .effect = "tells how many frames are shared",
     .success = "0: no page is shared"},
    {.command = XENMEM_get_sharing_shared_pages, .name = "get_sharing_shared_pages",
     .effect = "tells how many frames are shared",
     .success = "0: no page is shared"},
    {.command = XENMEM_get_vnumainfo, .name = "get_vnumainfo",
     .effect = "tells a domain's NUMA layout",
     .left_out = {Error::not_supported, "domains have no NUMA layout"}},
    {.command = XENMEM_add_to_physmap, .name = "add_to_physmap",
     .effect = "the frame is at this place of a hardware-assisted guest's memory, and nowhere else; what was there it has given back",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_add_to_physmap_t, domid),
     .operand = in<xen_add_to_physmap_t>(),
     .fields = {own_or_other, space_of_frame, {"idx", "which of them: 0, a frame of the grant table, which grows as far as that, or a frame's own number"},
                {"gpfn", "the place, a frame's own number"}, {"size", "not looked at"}},
     .refusals = {not_keeping_its_p2m, no_such_frame, {Error::not_implemented, "space is gmfn_foreign"},
                  {Error::no_device_or_address, "a grant is mapped at the place"}, no_table_left},
     .differs = ranges_of_xen},
    {.command = XENMEM_add_to_physmap_batch, .name = "add_to_physmap_batch",
     .effect = "each of a list of frames is at its place of a hardware-assisted guest's memory, or has its own error",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_add_to_physmap_batch_t, domid),
     .operand = in<xen_add_to_physmap_batch_t>(),
     .fields = {own_or_other, space_of_frame, {"size", "how many"}, {"idxs", "which, as of add_to_physmap"}, {"gpfns", "their places"},
                {"errs", "out: 0, or the error of each, as of add_to_physmap"}, {"u", "not looked at"}},
     .refusals = {not_keeping_its_p2m, {Error::bad_address, "a list cannot be read or written; what came before is done"}},
     .cost = Cost::resumed,
     .differs = "Xen has frames of other domains, for a privileged caller"},
    {.command = XENMEM_remove_from_physmap, .name = "remove_from_physmap",
     .effect = "nothing is at this place of a hardware-assisted guest's memory; the frame stays the domain's",
     .asker = Asker::for_itself, .domain_at = offsetof(xen_remove_from_physmap_t, domid),
     .operand = in<xen_remove_from_physmap_t>(),
     .fields = {own_or_other, {"gpfn", "the place, a frame's own number"}},
     .refusals = {not_keeping_its_p2m, {Error::no_entry, "nothing is there, or a grant is mapped there"}}},
    {.command = XENMEM_set_pod_target, .name = "set_pod_target",
     .effect = "changes how many frames populate on demand may use",
     .left_out = {Error::invalid, "a PV guest's memory is populated when it is built"}},
    {.command = XENMEM_get_pod_target, .name = "get_pod_target",
     .effect = "tells how many frames populate on demand uses",
     .left_out = {Error::invalid, "a PV guest's memory is populated when it is built"}},
    {.command = XENMEM_paging_op, .name = "paging_op",
     .effect = "pages a guest's memory out and in",
     .left_out = {.reason = "Debian's Xen has it not either"}},
    {.command = XENMEM_access_op, .name = "access_op",
     .effect = "tells a monitor of a guest's accesses",
     .left_out = {.reason = "it watches nested page tables, which no guest has yet"}},
    {.command = XENMEM_sharing_op, .name = "sharing_op",
     .effect = "shares equal pages between guests",
     .left_out = {.reason = "Debian's Xen has it not either"}},
    {.command = XENMEM_machphys_compat_mfn_list, .name = "machphys_compat_mfn_list",
     .effect = "tells the frames of the M2P of 32-bit guests",
     .left_out = {Error::not_supported, "there are no 32-bit PV guests"}},
    {.command = XENMEM_reserved_device_memory_map, .name = "reserved_device_memory_map",
     .effect = "tells which memory devices reach behind the IOMMU's back",
     .left_out = {.reason = "not yet: devices go to no other domain"}},
};

inline constexpr Family memory_op{
    .number = __HYPERVISOR_memory_op, .name = "memory_op",
    .effect = "gain, return and exchange frames; describe memory",
    .guests = Guests::all, .selector = Selector::argument,
    .arguments = {{"command", "XENMEM_*; above its 6 bits increase_, decrease_reservation and populate_physmap keep how many extents "
                              "are done when they are resumed"},
                  {"structure", "the command's"}},
    .refusals = {{Error::invalid, "the command has bits above its 6, and is none that keeps something there"}},
    .rows = memory_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::memory_op>(Call);

}   // namespace basalt::hypercalls
