// Page tables and translations, beyond writing entries (<xen/xen.h>).
#pragma once

#include "abi/xen.hpp"
#include "table/row.hpp"

namespace basalt::table {

inline constexpr Refusal not_such_a_table{
    Error::invalid, "the frame is not the domain's, is in another use, or is pinned already; or an entry in it or below it is not permitted"};
inline constexpr Refusal not_such_a_root{
    Error::invalid, "the frame is not the domain's, or in another use, or an entry in it or below it is not permitted"};
inline constexpr Refusal leaf_names_other_use{
    Error::busy, "a level-1 entry in it or below it names a frame that is not the domain's, or may be written though the frame is a page or "
                 "descriptor table"};
inline constexpr Refusal leaf_names_device{
    Error::not_permitted, "a level-1 entry in it or below it names device memory that the domain may not map"};
inline constexpr Refusal vcpus_unread{Error::invalid, "the bit map cannot be read"};
inline constexpr Field table_frame{"arg1.mfn", "its frame number; nobody may write it any more"};
inline constexpr Field page_frame{"arg1.mfn", "its frame number; any of the domain's that is no page or descriptor table"};
inline constexpr Field any_linear_address{"arg1.linear_addr", "any; one that is the hypervisor's or not canonical changes nothing"};
inline constexpr Field vcpus_named{"arg2.vcpumask", "address of a bit map as long as the domain has vcpus, in whole bytes"};

inline constexpr Row mmuext_rows[] = {
    {.command = MMUEXT_PIN_L1_TABLE, .name = "pin_l1_table",
     .effect = "the frame is a checked level 1 table and stays one until it is unpinned",
     .fields = {table_frame},
     .refusals = {not_such_a_table, leaf_names_other_use, leaf_names_device},
     .cost = Cost::resumed},
    {.command = MMUEXT_PIN_L2_TABLE, .name = "pin_l2_table",
     .effect = "the frame is a checked level 2 table and stays one until it is unpinned",
     .fields = {table_frame},
     .refusals = {not_such_a_table, leaf_names_other_use, leaf_names_device},
     .cost = Cost::resumed},
    {.command = MMUEXT_PIN_L3_TABLE, .name = "pin_l3_table",
     .effect = "the frame is a checked level 3 table and stays one until it is unpinned",
     .fields = {table_frame},
     .refusals = {not_such_a_table, leaf_names_other_use, leaf_names_device},
     .cost = Cost::resumed},
    {.command = MMUEXT_PIN_L4_TABLE, .name = "pin_l4_table",
     .effect = "the frame is a checked level 4 table, with the hypervisor's slots in it, and stays one until it is unpinned",
     .fields = {table_frame},
     .refusals = {not_such_a_table, leaf_names_other_use, leaf_names_device},
     .cost = Cost::resumed},
    {.command = MMUEXT_UNPIN_TABLE, .name = "unpin_table",
     .effect = "the table need not stay one",
     .fields = {{"arg1.mfn", "its frame number"}},
     .refusals = {{Error::invalid, "not the domain's frame, or not pinned"}},
     .cost = Cost::resumed},
    {.command = MMUEXT_NEW_BASEPTR, .name = "new_baseptr",
     .effect = "the table is the root of the vcpu's kernel, and the one before is not; they may be the same",
     .whom = Whom::caller,
     .fields = {table_frame},
     .refusals = {not_such_a_root, leaf_names_other_use, leaf_names_device},
     .cost = Cost::resumed},
    {.command = MMUEXT_NEW_USER_BASEPTR, .name = "new_user_baseptr",
     .effect = "the table is the root of the vcpu's user mode, and the one before is not",
     .whom = Whom::caller,
     .fields = {{"arg1.mfn", "its frame number; 0: there is none"}},
     .refusals = {not_such_a_root, leaf_names_other_use, leaf_names_device},
     .cost = Cost::resumed},
    {.command = MMUEXT_TLB_FLUSH_LOCAL, .name = "tlb_flush_local",
     .effect = "this CPU has forgotten all translations",
     .whom = Whom::caller},
    {.command = MMUEXT_INVLPG_LOCAL, .name = "invlpg_local",
     .effect = "this CPU has forgotten the address's translation",
     .whom = Whom::caller,
     .fields = {any_linear_address}},
    {.command = MMUEXT_TLB_FLUSH_MULTI, .name = "tlb_flush_multi",
     .effect = "the CPUs of these vcpus have forgotten all translations",
     .whom = Whom::caller,
     .fields = {vcpus_named},
     .refusals = {vcpus_unread}},
    {.command = MMUEXT_INVLPG_MULTI, .name = "invlpg_multi",
     .effect = "the CPUs of these vcpus have forgotten the address's translation",
     .whom = Whom::caller,
     .fields = {any_linear_address, vcpus_named},
     .refusals = {vcpus_unread}},
    {.command = MMUEXT_TLB_FLUSH_ALL, .name = "tlb_flush_all",
     .effect = "the domain's CPUs have forgotten all translations",
     .whom = Whom::caller},
    {.command = MMUEXT_INVLPG_ALL, .name = "invlpg_all",
     .effect = "the domain's CPUs have forgotten the address's translation",
     .whom = Whom::caller,
     .fields = {any_linear_address}},
    {.command = MMUEXT_FLUSH_CACHE, .name = "flush_cache",
     .effect = "this CPU's caches are written back and empty",
     .asker = Asker::privileged, .denial = Error::access_denied, .whom = Whom::caller},
    {.command = MMUEXT_SET_LDT, .name = "set_ldt",
     .effect = "the vcpu's LDT is here; its pages are checked when they are first used",
     .whom = Whom::caller,
     .fields = {{"arg1.linear_addr", "a multiple of 4096, canonical and not the hypervisor's"},
                {"arg2.nr_ents", "0 to 8192; 0: there is none, whatever the address"}},
     .refusals = {{Error::invalid, "more than 8192 entries, or the address is misaligned, not canonical or the hypervisor's"}}},
    {.command = MMUEXT_FLUSH_CACHE_GLOBAL, .name = "flush_cache_global",
     .effect = "caches are written back and empty",
     .asker = Asker::privileged, .denial = Error::invalid, .whom = Whom::caller},
    {.command = MMUEXT_CLEAR_PAGE, .name = "clear_page",
     .effect = "the page is all zero",
     .fields = {page_frame},
     .refusals = {{Error::invalid, "not the domain's frame, or one that is a page or descriptor table"}}},
    {.command = MMUEXT_COPY_PAGE, .name = "copy_page",
     .effect = "the page is a copy of another",
     .fields = {page_frame, {"arg2.src_mfn", "the other's frame number; any of the domain's"}},
     .refusals = {{Error::invalid, "not the domain's frames, or one to be written that is a page or descriptor table"}}},
    {.command = MMUEXT_MARK_SUPER, .name = "mark_super", .effect = "marks a superpage",
     .left_out = {Error::not_supported, "PV guests have no superpages"}},
    {.command = MMUEXT_UNMARK_SUPER, .name = "unmark_super", .effect = "unmarks a superpage",
     .left_out = {Error::not_supported, "PV guests have no superpages"}},
};

inline constexpr Family mmuext_op{
    .number = __HYPERVISOR_mmuext_op, .name = "mmuext_op",
    .effect = "pin tables, change roots, flush translations, in order, until one is refused",
    .asker = Asker::for_itself, .selector = Selector::each_element, .element = in<mmuext_op_t>(),
    .arguments = {{"requests", "mmuext_op_t"}, {"count", "how many, below 2^31: the bit above says that the call is resumed"},
                  {"done", "out, unless null: how many were done, unless the list lies where none can or the pages' domain is refused; "
                           "nobody looks whether it can be written"},
                  {"domain", "whose pages are named: DOMID_SELF, or, of the privileged, another domain"}},
    .refusals = {{Error::bad_address, "a request cannot be read, or the list lies where no list can"},
                 {Error::no_such_process, "there is no such domain, it is dying, or it is the caller by its number"},
                 {Error::not_permitted, "another domain, and the caller is not privileged"}},
    .rows = mmuext_rows};

}  // namespace basalt::table

namespace basalt::hypercalls {

template <>
Ending hypercall<table::mmuext_op>(Call);

}   // namespace basalt::hypercalls
