// Page-table entries, written after checking (<xen/xen.h>).
#pragma once

#include "table/row.hpp"

namespace basalt::table {

inline constexpr Refusal writable_in_other_use{Error::busy, "it maps a frame writable that is in another use, or is not theirs"};

// The low two bits of a request's address are its command.
inline constexpr Row mmu_update_rows[] = {
    {.command = MMU_NORMAL_PT_UPDATE, .name = "normal",
     .effect = "the entry has this value, and owns what it names; what it named before is given back",
     .refusals = {{Error::invalid, "not a table of the domain's, or the entry is not permitted"}, writable_in_other_use},
     .cost = Cost::resumed},
    {.command = MMU_MACHPHYS_UPDATE, .name = "machphys",
     .effect = "the M2P has this number for the frame",
     .refusals = {{Error::invalid, "not a frame of the domain's"}}},
    {.command = MMU_PT_UPDATE_PRESERVE_AD, .name = "preserve_ad",
     .effect = "as normal, but accessed and dirty bits that are set stay set",
     .refusals = {{Error::invalid, "not a table of the domain's, or the entry is not permitted"}, writable_in_other_use},
     .cost = Cost::resumed},
    {.command = MMU_PT_UPDATE_NO_TRANSLATE, .name = "no_translate",
     .effect = "as normal: PV guests' frames are machine frames anyway",
     .refusals = {{Error::invalid, "not a table of the domain's, or the entry is not permitted"}, writable_in_other_use},
     .cost = Cost::resumed},
};
inline constexpr Family mmu_update{
    .number = __HYPERVISOR_mmu_update, .name = "mmu_update",
    .effect = "write page-table entries after checking them, and M2P entries",
    .selector = Selector::each_element,
    .arguments = {{"requests", "mmu_update_t"}, {"count", "how many"}, {"done", "out, unless null: how many were done"},
                  {"domains", "low 16 bits: whose pages are named; high 16 bits: whose tables, plus 1, or 0"}},
    .refusals = {{Error::bad_address, "a request cannot be read"},
                 {Error::no_such_process, "there is no such domain, or it is dying"},
                 {Error::not_permitted, "another domain, and the caller is not privileged"}},
    .rows = mmu_update_rows};

inline constexpr Row update_va_mapping_rows[] = {{
    .name = "update_va_mapping", .effect = "the L1 entry that maps the address has this value, and translations are forgotten "
                                           "as asked",
    .refusals = {{Error::invalid, "nothing maps the address down to level 1, or the entry is not permitted"},
                 writable_in_other_use,
                 {Error::bad_address, "the bit map of vcpus cannot be read; the entry is written"}},
    .cost = Cost::resumed}};
inline constexpr Family update_va_mapping{
    .number = __HYPERVISOR_update_va_mapping, .name = "update_va_mapping",
    .effect = "write the L1 entry that maps an address",
    .arguments = {{"address", "any in the page"}, {"entry", "its new value"}, {"flags", "UVMF_*"}},
    .rows = update_va_mapping_rows};

inline constexpr Row update_va_mapping_otherdomain_rows[] = {{
    .name = "update_va_mapping_otherdomain",
    .effect = "as update_va_mapping, with an entry that names another domain's page",
    .asker = Asker::privileged,
    .refusals = {{Error::invalid, "nothing maps the address down to level 1, or the entry is not permitted"},
                 writable_in_other_use,
                 {Error::no_such_process, "there is no such domain, or it is dying"}},
    .cost = Cost::resumed}};
inline constexpr Family update_va_mapping_otherdomain{
    .number = __HYPERVISOR_update_va_mapping_otherdomain, .name = "update_va_mapping_otherdomain",
    .effect = "write the L1 entry that maps an address, on behalf of another domain",
    .asker = Asker::privileged,
    .arguments = {{"address", "any in the page"}, {"entry", "its new value"}, {"flags", "UVMF_*"}, {"domain", "whose page"}},
    .rows = update_va_mapping_otherdomain_rows};

}  // namespace basalt::table
