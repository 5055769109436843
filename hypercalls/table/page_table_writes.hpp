// Page-table entries, written after checking (<xen/xen.h>).
#pragma once

#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Refusal wrong_entry{
    Error::invalid, "the machine address is not in a frame of the tables' domain, or is the hypervisor's slot of a level-4 table; the "
                    "entry has bits that are not permitted, names no frame, or a table that is in another use or has such an entry"};
inline constexpr Refusal page_in_other_use{
    Error::busy, "a level-1 entry, this one or one in a table that it names, names a frame that is not the pages' domain's, or may be "
                 "written though the frame is a page or descriptor table"};
inline constexpr Refusal not_its_device{
    Error::not_permitted, "a level-1 entry, this one or one in a table that it names, names device memory that the domain may not map"};
inline constexpr Field table_and_kind{
    "ptr", "machine address of the entry, a multiple of 8, and the kind in its low 3 bits. Where the frame is no page table: of a word in it"};
inline constexpr Field new_entry{"val", "the entry; one that is not present may have any other bits"};
inline constexpr std::string_view domains_first =
    "the domains are looked at before the list, which may be empty: Xen asks for privileges at each request. DOMID_IO names the "
    "caller's own frames too, DOMID_XEN nobody's";

// The low bits of a request's address are its command.
inline constexpr Row mmu_update_rows[] = {
    {.command = MMU_NORMAL_PT_UPDATE, .name = "normal",
     .effect = "the entry has this value, and owns what it names; what it named before is given back",
     .fields = {table_and_kind, new_entry},
     .refusals = {wrong_entry, page_in_other_use, not_its_device},
     .cost = Cost::resumed, .differs = domains_first},
    {.command = MMU_MACHPHYS_UPDATE, .name = "machphys",
     .effect = "the M2P has this number for the frame",
     .fields = {{"ptr", "any machine address in the frame, its low 3 bits the kind"}, {"val", "any number"}},
     .refusals = {{Error::invalid, "the frame is not the pages' domain's"}, {Error::not_permitted, "another domain's tables are named"}}},
    {.command = MMU_PT_UPDATE_PRESERVE_AD, .name = "preserve_ad",
     .effect = "the entry has this value, except that accessed and dirty bits that are set stay set",
     .fields = {table_and_kind, new_entry},
     .refusals = {wrong_entry, page_in_other_use, not_its_device},
     .cost = Cost::resumed},
    {.command = MMU_PT_UPDATE_NO_TRANSLATE, .name = "no_translate",
     .effect = "the entry has this value: PV guests' frames are machine frames anyway",
     .fields = {table_and_kind, new_entry},
     .refusals = {wrong_entry, page_in_other_use, not_its_device},
     .cost = Cost::resumed},
};
inline constexpr Family mmu_update{
    .number = __HYPERVISOR_mmu_update, .name = "mmu_update",
    .effect = "write page-table entries after checking them, and M2P entries, in order, until one is refused",
    .asker = Asker::for_itself, .selector = Selector::each_element, .element = in<mmu_update_t>(),
    .arguments = {{"requests", "mmu_update_t"}, {"count", "how many, below 2^31: the bit above says that the call is resumed"},
                  {"done", "out, unless null: how many were done, unless the list lies where none can or the tables' domain is refused; "
                           "nobody looks whether it can be written"},
                  {"domains", "low 16 bits: whose pages are named: DOMID_SELF, DOMID_IO for device memory, or, of the privileged, another "
                              "domain, hardware-assisted by its own numbers but for NO_TRANSLATE; high 16 bits: the number of the domain whose tables are written, plus 1, or 0: the caller's"}},
    .refusals = {{Error::bad_address, "a request cannot be read, or the list lies where no list can"},
                 {Error::no_such_process, "there is no such domain, or it is dying, or the pages are the caller's by its number"},
                 {Error::not_permitted, "another domain, and the caller is not privileged"}},
    .rows = mmu_update_rows};

inline constexpr Refusal no_entry_for_address{
    Error::invalid, "nothing maps the address down to level 1, or the entry has bits that are not permitted or names no frame"};
inline constexpr Refusal bit_map_unread{Error::bad_address, "the bit map of vcpus cannot be read; the entry is written"};
inline constexpr Refusal leaf_in_other_use{
    Error::busy, "the entry names a frame that is not the domain's, or may be written though the frame is a page or descriptor table"};
inline constexpr Field any_address{"address", "any in the page"};
inline constexpr Field flush_flags{
    "flags", "low 2 bits: UVMF_NONE, _TLB_FLUSH, _INVLPG; above: UVMF_LOCAL, UVMF_ALL, or the address, a multiple of 4, of a bit map of the "
             "caller's vcpus"};

inline constexpr Row update_va_mapping_rows[] = {{
    .name = "update_va_mapping", .effect = "the L1 entry that maps the address has this value, and translations are forgotten "
                                           "as asked",
    .refusals = {no_entry_for_address, leaf_in_other_use, {Error::not_permitted, "the entry names device memory that the domain may not map"},
                 bit_map_unread},
    .cost = Cost::resumed}};
inline constexpr Family update_va_mapping{
    .number = __HYPERVISOR_update_va_mapping, .name = "update_va_mapping",
    .effect = "write the L1 entry that maps an address",
    .arguments = {any_address, {"entry", "its new value"}, flush_flags},
    .rows = update_va_mapping_rows};

inline constexpr Row update_va_mapping_otherdomain_rows[] = {{
    .name = "update_va_mapping_otherdomain",
    .effect = "the L1 entry that maps the caller's address names a page of the other domain, and translations are forgotten as asked",
    .refusals = {no_entry_for_address, leaf_in_other_use,
                 {Error::not_permitted, "another domain, and the caller is not privileged, or device memory that it may not map"},
                 {Error::no_such_process, "there is no such domain, it is dying, or it is the caller by its number"},
                 bit_map_unread},
    .cost = Cost::resumed,
    .differs = "DOMID_IO names the caller's own frames too, DOMID_XEN nobody's"}};
inline constexpr Family update_va_mapping_otherdomain{
    .number = __HYPERVISOR_update_va_mapping_otherdomain, .name = "update_va_mapping_otherdomain",
    .effect = "write the L1 entry that maps an address, naming another domain's page",
    .asker = Asker::for_itself,
    .arguments = {any_address, {"entry", "its new value"}, flush_flags,
                  {"domain", "whose page: DOMID_SELF, DOMID_IO for device memory, or, of the privileged, another domain"}},
    .rows = update_va_mapping_otherdomain_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::mmu_update>(Call);
template <>
Ending hypercall<table::update_va_mapping>(Call);
template <>
Ending hypercall<table::update_va_mapping_otherdomain>(Call);

}   // namespace basalt::hypercalls
