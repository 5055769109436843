// Grant tables: a window into a domain's, entries, and requests of one.
#pragma once

#include "case.hpp"
#include "other_domain.hpp"
#include "paging.hpp"

#include <cstdint>

namespace kit {

using GrantEntry = volatile grant_entry_v1_t;
constexpr unsigned grant_in_use = GTF_reading | GTF_writing;

// One request.
template <std::uint32_t command, class Operation>
Status grant(Operation& operation) {
    return call<rows::grant_table_op, command>(operation, 1);
}

// The first frame of a domain's grant table, mapped in a window of ours. Null where that does not work, and then the case
// fails.
inline GrantEntry* grants_of(unsigned domain, Page& window) {
    xen_pfn_t frame = 0;
    gnttab_setup_table_t setup{};
    setup.dom = static_cast<domid_t>(domain);
    setup.nr_frames = 1;
    set_xen_guest_handle(setup.frame_list, &frame);
    expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
    expect_equal(setup.status, GNTST_okay);
    const bool mapped = domain == 0 ? expect_equal(update_va_mapping(&window, entry(frame, kernel_page), UVMF_INVLPG), 0)
                                    : expect_equal(map_foreign(window, domain, frame, kernel_page), 0);
    return mapped ? reinterpret_cast<GrantEntry*>(&window) : nullptr;
}

inline void give(GrantEntry& entry, unsigned to, std::uint64_t mfn, unsigned flags = 0) {
    entry.domid = static_cast<domid_t>(to);
    entry.frame = static_cast<std::uint32_t>(mfn);
    entry.flags = static_cast<std::uint16_t>(GTF_permit_access | flags);
}

}
