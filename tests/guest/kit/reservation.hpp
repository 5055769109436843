// memory_op's requests for frames.
#pragma once

#include "case.hpp"
#include "paging.hpp"

#include <cstdint>
#include <span>

namespace kit {

inline xen_memory_reservation reservation_of(std::span<xen_pfn_t> frames, unsigned order = 0, unsigned flags = 0,
                                             unsigned domain = DOMID_SELF) {
    xen_memory_reservation request{};
    set_xen_guest_handle(request.extent_start, frames.data());
    request.nr_extents = frames.size();
    request.extent_order = order;
    request.mem_flags = flags;
    request.domid = static_cast<domid_t>(domain);
    return request;
}

inline Status reservation(unsigned command, std::span<xen_pfn_t> frames, unsigned order = 0, unsigned flags = 0,
                          unsigned domain = DOMID_SELF) {
    auto request = reservation_of(frames, order, flags, domain);
    return untyped::memory_op(command, &request);
}

// current_, maximum_reservation, maximum_gpfn.
inline Status pages_of(unsigned command, unsigned domain = DOMID_SELF) {
    auto id = static_cast<domid_t>(domain);
    return untyped::memory_op(command, &id);
}

// The frame behind a page, its mapping taken away first: what a kernel does before it gives memory back.
inline xen_pfn_t unmapped(Page& page) {
    const xen_pfn_t mfn = page.mfn();
    update_va_mapping(&page, 0, UVMF_INVLPG);
    return mfn;
}

inline void attach(Page& page, xen_pfn_t mfn) {
    p2m(pfn_of(&page)) = mfn;
    mmu_update(mfn * page_size | MMU_MACHPHYS_UPDATE, pfn_of(&page));
    expect_equal(make_writable(page), 0);
}

struct Exchange {
    xen_memory_exchange request{};
    Exchange(std::span<xen_pfn_t> in, unsigned in_order, std::span<xen_pfn_t> out, unsigned out_order, unsigned bits = 0) {
        request.in = reservation_of(in, in_order);
        request.out = reservation_of(out, out_order, XENMEMF_address_bits(bits));
    }
    Status run() { return call<rows::memory_op, XENMEM_exchange>(request); }
};

}
