// A page of ours that our own grant table grants to us, and a window to map it in.
#pragma once

#include "grants.hpp"

#include <cstdint>

namespace kit {

constexpr unsigned reference = 20;

struct Lent {
    GrantEntry* grants;
    Page& page = fresh_page();
    Page& window = fresh_page();

    explicit Lent(unsigned flags = 0) {
        static GrantEntry* const first = grants_of(0, fresh_page());
        grants = first;
        give(grants[reference], 0, page.mfn(), flags);
    }
    ~Lent() { grants[reference].flags = 0; }

    gnttab_map_grant_ref_t wish(unsigned flags = GNTMAP_host_map) const {
        gnttab_map_grant_ref_t map{};
        map.host_addr = (flags & GNTMAP_contains_pte) != 0 ? slot_of(&window).machine() : window.address();
        map.ref = reference;
        map.flags = flags;
        return map;
    }
    unsigned mapped(unsigned flags = GNTMAP_host_map) const {
        auto map = wish(flags);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_okay);
        return map.handle;
    }
};

inline void expect_unmap(unsigned handle, std::uint64_t address, std::uint64_t device, int status,
                         Location where = Location::current()) {
    gnttab_unmap_grant_ref_t unmap{address, device, handle, 0};
    expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0, where);
    expect_equal(unmap.status, status, where);
}

}
