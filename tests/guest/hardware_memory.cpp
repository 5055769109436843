// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Memory of hardware-assisted guests, by their own numbers: what comes to be where, who asks for it, and grants of it.
#include "kit/calling_domain.hpp"
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

constexpr std::uint64_t spare = CallingDomain::spare, pattern = 0x1122'3344'5566'7788;

xen_add_to_physmap_t placing(unsigned space, std::uint64_t index, std::uint64_t place, unsigned domain = DOMID_SELF) {
    return {.domid = static_cast<domid_t>(domain), .size = 0, .space = space, .idx = index, .gpfn = place};
}
std::int64_t place(unsigned domain, unsigned space, std::uint64_t index, std::uint64_t at) {
    xen_add_to_physmap_t request = placing(space, index, at, domain);
    return call<rows::memory_op, XENMEM_add_to_physmap>(request);
}
std::int64_t remove(unsigned domain, std::uint64_t from) {
    xen_remove_from_physmap_t request{.domid = static_cast<domid_t>(domain), .gpfn = from};
    return call<rows::memory_op, XENMEM_remove_from_physmap>(request);
}

// A domain whose frames can be looked into, and which is not started.
struct WatchedDomain : CallingDomain {
    using OtherDomain::read_word;
    using OtherDomain::write_word;
    bool is_there(std::uint64_t frame) const {
        Page& window = fresh_page();
        const bool there = map_foreign(window, id, frame, read_only_page) == 0;
        update_va_mapping(&window, entry(window.mfn(), kernel_page), UVMF_INVLPG);
        return there;
    }
};
constexpr unsigned clock_word = offsetof(shared_info_t, wc_version) / sizeof(std::uint64_t);

// The first frame of its grant table, by the number of the machine that acquire_resource tells.
GrantEntry* grant_table_of(unsigned domain, Page& window) {
    xen_pfn_t frame = 0;
    xen_mem_acquire_resource_t request{};
    request.domid = static_cast<domid_t>(domain);
    request.type = XENMEM_resource_grant_table;
    request.nr_frames = 1;
    set_xen_guest_handle(request.frame_list, &frame);
    expect_equal(call<rows::memory_op, XENMEM_acquire_resource>(request), 0);
    const std::uint64_t slot = slot_of(&window).machine() | MMU_PT_UPDATE_NO_TRANSLATE;
    expect_equal(mmu_update(slot, entry(frame, kernel_page), static_cast<int>(domain)), 0);
    mmuext_op(MMUEXT_INVLPG_LOCAL, window.address());
    return reinterpret_cast<GrantEntry*>(&window);
}

gnttab_map_grant_ref_t map_of(const WatchedDomain& domain, Page& window, unsigned reference) {
    gnttab_map_grant_ref_t map{};
    map.host_addr = window.address();
    map.flags = GNTMAP_host_map;
    map.ref = reference;
    map.dom = static_cast<domid_t>(domain.id);
    expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
    return map;
}

constexpr auto table = std::to_array<Case>({
    {"memory_op.add_to_physmap", "places the shared page, and gives back what was there", [] {
        WatchedDomain domain;
        expect_equal(domain.trouble, 0);
        domain.write_word(spare, clock_word, pattern);
        const auto before = domain.info().tot_pages;
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 0, spare), 0);
        expect(domain.read_word(spare, clock_word) != pattern);
        expect_equal(domain.info().tot_pages, before - 1);
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 0, spare), 0);
        expect_equal(domain.info().tot_pages, before - 1);
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 0, 0x1000), 0);
        expect(!domain.is_there(spare));
        expect(domain.is_there(0x1000));
        expect_equal(domain.destroy(), 0);
    }},
    {"memory_op.add_to_physmap", "places frames of the grant table, which grows", [] {
        WatchedDomain domain;
        Page& window = fresh_page();
        GrantEntry* const grants = grant_table_of(domain.id, window);
        give(grants[3], 0, spare);
        expect_equal(place(domain.id, XENMAPSPACE_grant_table, 0, spare + 1), 0);
        expect_equal(domain.read_word(spare + 1, 3), spare << 32 | GTF_permit_access);
        expect_equal(place(domain.id, XENMAPSPACE_grant_table, 3, 0xfeff0), 0);
        expect_equal(domain.read_word(0xfeff0, 0), 0u);
        expect_equal(place(domain.id, XENMAPSPACE_grant_table, 4, 0xfeff0), -XEN_EINVAL);
        expect(domain.is_there(0xfeff0));
        expect_equal(update_va_mapping(&window, entry(window.mfn(), 0), UVMF_INVLPG), 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"memory_op.add_to_physmap", "moves a frame of the guest's own", [] {
        WatchedDomain domain;
        domain.write_word(spare, 0, pattern);
        const auto before = domain.info().tot_pages;
        expect_equal(place(domain.id, XENMAPSPACE_gmfn, spare, spare), 0);
        expect_equal(domain.info().tot_pages, before);
        expect_equal(place(domain.id, XENMAPSPACE_gmfn, spare, 0x2000), 0);
        expect_equal(domain.read_word(0x2000, 0), pattern);
        expect(!domain.is_there(spare));
        expect_equal(place(domain.id, XENMAPSPACE_gmfn, 0x2000, spare + 1), 0);
        expect_equal(domain.read_word(spare + 1, 0), pattern);
        expect_equal(domain.info().tot_pages, before - 1);
        expect_equal(domain.destroy(), 0);
    }},
    {"memory_op.add_to_physmap", "refuses what is nowhere", [] {
        WatchedDomain domain;
        const auto before = domain.info().tot_pages;
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 1, spare), -XEN_EINVAL);
        expect_equal(place(domain.id, 77, 0, spare), -XEN_EINVAL);
        expect_equal(place(domain.id, XENMAPSPACE_gmfn, 0x3000, spare), -XEN_EINVAL);
        expect_equal(place(domain.id, XENMAPSPACE_gmfn_foreign, 0, spare), -XEN_ENOSYS);
        expect_equal(place(domain.id, XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status, spare), -XEN_EINVAL);
        expect_equal(place(idle_domain().id, XENMAPSPACE_shared_info, 0, spare), -XEN_EACCES);
        expect_equal(place(nobody, XENMAPSPACE_shared_info, 0, spare), -XEN_ESRCH);
        expect_equal(domain.info().tot_pages, before);
        expect_equal(domain.destroy(), 0);
    }},
    {"memory_op.remove_from_physmap", "takes a frame out of sight, which stays the guest's", [] {
        WatchedDomain domain;
        const auto before = domain.info().tot_pages;
        expect_equal(remove(domain.id, spare), 0);
        expect(!domain.is_there(spare));
        expect_equal(domain.info().tot_pages, before);
        expect_equal(remove(domain.id, spare), -XEN_ENOENT);
        expect_equal(remove(idle_domain().id, spare), -XEN_EACCES);
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 0, spare), 0);
        expect_equal(remove(domain.id, spare), 0);
        expect(!domain.is_there(spare));
        expect_equal(domain.destroy(), 0);
    }},
    {"memory_op.add_to_physmap_batch", "places each, and tells of each", [] {
        WatchedDomain domain;
        xen_ulong_t indexes[] = {0, 1, 9, 2};
        xen_pfn_t places[] = {0x4000, 0x4001, 0x4002, spare};
        int errors[] = {7, 7, 7, 7};
        xen_add_to_physmap_batch_t request{};
        request.domid = static_cast<domid_t>(domain.id);
        request.space = XENMAPSPACE_grant_table;
        request.size = 4;
        set_xen_guest_handle(request.idxs, indexes);
        set_xen_guest_handle(request.gpfns, places);
        set_xen_guest_handle(request.errs, errors);
        expect_equal(call<rows::memory_op, XENMEM_add_to_physmap_batch>(request), 0);
        expect_equal(errors[0], 0);
        expect_equal(errors[1], 0);
        expect_equal(errors[2], -XEN_EINVAL);
        expect_equal(errors[3], 0);
        for (const std::uint64_t frame : {std::uint64_t{0x4000}, std::uint64_t{0x4001}, spare}) expect(domain.is_there(frame));
        expect(!domain.is_there(0x4002));
        request.space = XENMAPSPACE_gmfn_foreign;
        expect_equal(call<rows::memory_op, XENMEM_add_to_physmap_batch>(request), 0);
        for (const int error : errors) expect(error != 0);
        request.space = XENMAPSPACE_grant_table;
        request.domid = static_cast<domid_t>(idle_domain().id);
        expect_equal(call<rows::memory_op, XENMEM_add_to_physmap_batch>(request), -XEN_EACCES);
        request.domid = static_cast<domid_t>(domain.id);
        request.errs.p = reinterpret_cast<int*>(nowhere);
        expect_equal(call<rows::memory_op, XENMEM_add_to_physmap_batch>(request), -XEN_EFAULT);
        expect_equal(domain.destroy(), 0);
    }},
    {"memory_op.populate_physmap", "takes 2 MiB at once", [] {
        WatchedDomain domain;
        xen_pfn_t first = 0x200;
        xen_memory_reservation populate{};
        set_xen_guest_handle(populate.extent_start, &first);
        populate.nr_extents = 1;
        populate.extent_order = 9;
        populate.domid = static_cast<domid_t>(domain.id);
        expect_equal(call<rows::memory_op, XENMEM_populate_physmap>(populate), 1);
        expect_equal(first, xen_pfn_t{0x200});
        domain.write_word(0x3ff, 511, pattern);
        expect_equal(domain.read_word(0x3ff, 511), pattern);
        expect_equal(domain.info().tot_pages, std::uint64_t{CallingDomain::pages} + 512);
        expect_equal(domain.destroy(), 0);
    }},
    {"grant_table_op.map_grant_ref", "maps what a hardware-assisted guest grants by its own number", [] {
        WatchedDomain domain;
        Page &window = fresh_page(), &granted = fresh_page();
        GrantEntry* const grants = grant_table_of(domain.id, window);
        domain.write_word(spare, 5, pattern);
        give(grants[1], 0, spare);
        give(grants[2], 0, 0x5000);
        auto map = map_of(domain, granted, 1);
        expect_equal(map.status, GNTST_okay);
        expect_equal(granted.words[5], pattern);
        granted.words[6] = pattern + 1;
        expect_equal(domain.read_word(spare, 6), pattern + 1);
        // What it does with the place meanwhile is nothing to who has mapped it.
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 0, spare), 0);
        expect_equal(granted.words[6], pattern + 1);
        gnttab_unmap_grant_ref_t unmap{};
        unmap.host_addr = granted.address();
        unmap.handle = map.handle;
        expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0);
        expect_equal(unmap.status, GNTST_okay);
        expect_equal(grants[1].flags & grant_in_use, 0u);
        expect_equal(map_of(domain, granted, 2).status, GNTST_bad_page);
        expect_equal(grants[2].flags & grant_in_use, 0u);
        // A page that the hypervisor shares with it is nobody's to grant here.
        if (!on_stock_xen()) expect_equal(map_of(domain, granted, 1).status, GNTST_general_error);
        expect_equal(update_va_mapping(&window, entry(window.mfn(), 0), UVMF_INVLPG), 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"grant_table_op.copy", "copies from and to what such a guest grants", [] {
        WatchedDomain domain;
        Page &window = fresh_page(), &own = fresh_page();
        GrantEntry* const grants = grant_table_of(domain.id, window);
        domain.write_word(spare, 0, pattern);
        give(grants[1], 0, spare);
        gnttab_copy_t copy{};
        copy.source.u.ref = 1;
        copy.source.domid = static_cast<domid_t>(domain.id);
        copy.dest.u.gmfn = own.mfn();
        copy.dest.domid = DOMID_SELF;
        copy.len = 8;
        copy.flags = GNTCOPY_source_gref;
        expect_equal(grant<GNTTABOP_copy>(copy), 0);
        expect_equal(copy.status, GNTST_okay);
        expect_equal(own.words[0], pattern);
        own.words[0] = pattern + 1;
        std::swap(copy.source, copy.dest);
        copy.flags = GNTCOPY_dest_gref;
        expect_equal(grant<GNTTABOP_copy>(copy), 0);
        expect_equal(copy.status, GNTST_okay);
        expect_equal(domain.read_word(spare, 0), pattern + 1);
        expect_equal(update_va_mapping(&window, entry(window.mfn(), 0), UVMF_INVLPG), 0);
        expect_equal(domain.destroy(), 0);
    }},
    {"domctl.destroydomain", "gives back what a guest had of the hypervisor's, too", [] {
        const std::uint64_t before = free_pages();
        WatchedDomain domain;
        expect_equal(place(domain.id, XENMAPSPACE_shared_info, 0, spare), 0);
        expect_equal(place(domain.id, XENMAPSPACE_grant_table, 1, spare + 1), 0);
        expect_equal(remove(domain.id, spare + 2), 0);
        expect_equal(domain.destroy(), 0);
        expect_free_pages(before);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
