// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Grants of a domain to itself: the table, copying, and what is refused.
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

grant_entry_v1_t* grants;

void give(unsigned reference, const Page& page, unsigned flags = 0) {
    grants[reference].domid = 0;                         // Dom0, which is who we are
    grants[reference].frame = static_cast<std::uint32_t>(page.mfn());
    grants[reference].flags = static_cast<std::uint16_t>(GTF_permit_access | flags);
}

gnttab_copy_t copy_from_grant(unsigned reference, const Page& target, unsigned length) {
    gnttab_copy_t copy{};
    copy.source.u.ref = reference;
    copy.source.domid = DOMID_SELF;
    copy.dest.u.gmfn = target.mfn();
    copy.dest.domid = DOMID_SELF;
    copy.len = static_cast<std::uint16_t>(length);
    copy.flags = GNTCOPY_source_gref;
    return copy;
}

gnttab_map_grant_ref_t map_request(unsigned reference, const Page& window, unsigned flags = GNTMAP_host_map) {
    gnttab_map_grant_ref_t map{};
    map.host_addr = window.address();
    map.ref = reference;
    map.flags = flags;
    map.dom = 0;               // DOMID_SELF is not taken here
    return map;
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.query_size", "tells how large the table is and may become", [] {
        gnttab_query_size_t query{};
        query.dom = DOMID_SELF;
        expect_equal(grant<GNTTABOP_query_size>(query), 0);
        expect_equal(query.status, GNTST_okay);
        expect(query.nr_frames >= 1);
        expect(query.max_nr_frames >= query.nr_frames);
        query.dom = 5;
        expect_equal(grant<GNTTABOP_query_size>(query), 0);
        expect_equal(query.status, GNTST_bad_domain);
    }},
    {"grant_table_op.get_version", "is 1", [] {
        gnttab_get_version_t query{};
        query.dom = DOMID_SELF;
        expect_equal(grant<GNTTABOP_get_version>(query), 0);
        expect_equal(query.version, 1);
    }},
    {"grant_table_op.set_version", "takes 1, refuses 3", [] {
        gnttab_set_version_t request{1};
        expect_equal(grant<GNTTABOP_set_version>(request), 0);
        expect_equal(request.version, 1);
        request.version = 3;
        expect_equal(grant<GNTTABOP_set_version>(request), -XEN_EINVAL);
    }},
    {"grant_table_op.setup_table", "gives the frames of the table, which can be mapped", [] {
        std::array<xen_pfn_t, 2> frames{};
        gnttab_setup_table_t setup{};
        setup.dom = DOMID_SELF;
        setup.nr_frames = 2;
        set_xen_guest_handle(setup.frame_list, frames.data());
        expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
        expect_equal(setup.status, GNTST_okay);
        expect(frames[0] != 0 && frames[1] != 0 && frames[0] != frames[1]);
        Page& window = fresh_page();
        expect_equal(update_va_mapping(&window, entry(frames[0], kernel_page), UVMF_INVLPG), 0);
        grants = reinterpret_cast<grant_entry_v1_t*>(&window);
        for (unsigned i = 8; i < 16; ++i) expect_equal(grants[i].flags, 0);
    }},
    {"grant_table_op.setup_table", "refuses too many frames, strangers, bad lists", [] {
        std::array<xen_pfn_t, 2> frames{};
        gnttab_setup_table_t setup{};
        setup.dom = DOMID_SELF;
        setup.nr_frames = 100000;
        set_xen_guest_handle(setup.frame_list, frames.data());
        expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
        expect_equal(setup.status, GNTST_general_error);
        setup.nr_frames = 1;
        setup.dom = 5;
        expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
        expect_equal(setup.status, GNTST_bad_domain);
        expect_equal(untyped::grant_table_op(GNTTABOP_setup_table, nowhere, 1), -XEN_EFAULT);
        expect_equal(call<rows::grant_table_op, GNTTABOP_setup_table>(setup, 2), -XEN_EINVAL);
    }},
    {"grant_table_op.map_grant_ref", "a page granted to oneself can be mapped, used and unmapped", [] {
        Page& page = fresh_page();
        Page& window = fresh_page();
        page.words[1] = 11;
        give(10, page);
        auto map = map_request(10, window);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        if (!expect_equal(map.status, GNTST_okay)) return;
        expect_equal(map.dev_bus_addr, page.machine());
        expect_equal(window.words[1], 11);
        window.words[1] = 12;
        expect_equal(page.words[1], 12);
        expect_equal(grants[10].flags & (GTF_reading | GTF_writing), GTF_reading | GTF_writing);
        gnttab_unmap_grant_ref_t unmap{window.address(), 0, map.handle, 0};
        expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0);
        expect_equal(unmap.status, GNTST_okay);
        expect_equal(grants[10].flags & (GTF_reading | GTF_writing), 0);
        expect_equal(slot_of(&window).value() & present, 0);
        expect_fault(fault_of([&] { static_cast<void>(*static_cast<volatile std::uint64_t*>(&window.words[1])); }), 14, 0);
        expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0);
        expect_equal(unmap.status, GNTST_bad_handle);
    }},
    {"grant_table_op.map_grant_ref", "read-only grants map read-only", [] {
        Page& page = fresh_page();
        Page& window = fresh_page();
        give(11, page, GTF_readonly);
        auto map = map_request(11, window);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_general_error);
        map = map_request(11, window, GNTMAP_host_map | GNTMAP_readonly);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_okay);
        expect_fault(fault_of([&] { window.words[0] = 1; }), 14, 3);
        gnttab_unmap_grant_ref_t unmap{window.address(), 0, map.handle, 0};
        expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0);
        expect_equal(unmap.status, GNTST_okay);
    }},
    {"grant_table_op.map_grant_ref", "a page table is mapped for nobody", [] {
        Page& window = fresh_page();
        give(12, page_of(root_mfn()));
        auto map = map_request(12, window);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_general_error);
    }},
    {"grant_table_op.map_grant_ref", "refuses references and domains that are none", [] {
        Page& window = fresh_page();
        auto map = map_request(20, window);
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_general_error);          // nothing is granted there
        map = map_request(100000, window);
        grant<GNTTABOP_map_grant_ref>(map);
        expect_equal(map.status, GNTST_bad_gntref);
        map = map_request(10, window);
        map.dom = 5;
        grant<GNTTABOP_map_grant_ref>(map);
        expect_equal(map.status, GNTST_bad_domain);
        map = map_request(10, window, 0);
        grant<GNTTABOP_map_grant_ref>(map);
        expect_equal(map.status, GNTST_bad_gntref);
        map = map_request(10, window);
        map.host_addr = nowhere;
        grant<GNTTABOP_map_grant_ref>(map);
        expect_equal(map.status, GNTST_general_error);
        expect_equal(untyped::grant_table_op(GNTTABOP_map_grant_ref, nowhere, 1), -XEN_EFAULT);
    }},
    {"grant_table_op.map_grant_ref", "into an entry given by its machine address", [] {
        Page& page = fresh_page();
        Page& window = fresh_page();
        page.words[0] = 5;
        give(13, page);
        auto map = map_request(13, window, GNTMAP_host_map | GNTMAP_contains_pte);
        map.host_addr = slot_of(&window).machine();
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_equal(map.status, GNTST_okay);
        mmuext_op(MMUEXT_TLB_FLUSH_LOCAL);
        expect_equal(window.words[0], 5);
        gnttab_unmap_grant_ref_t unmap{slot_of(&window).machine(), 0, map.handle, 0};
        expect_equal(grant<GNTTABOP_unmap_grant_ref>(unmap), 0);
        expect_equal(unmap.status, GNTST_okay);
    }},
    {"grant_table_op.copy", "from a granted page to one's own", [] {
        Page& page = fresh_page();
        Page& target = fresh_page();
        page.words[0] = 0x1234;
        page.words[511] = 0x5678;
        give(14, page);
        auto copy = copy_from_grant(14, target, page_size);
        expect_equal(grant<GNTTABOP_copy>(copy), 0);
        expect_equal(copy.status, GNTST_okay);
        expect_equal(target.words[0], 0x1234);
        expect_equal(target.words[511], 0x5678);
    }},
    {"grant_table_op.copy", "parts of pages, refuses what crosses their end", [] {
        Page& page = fresh_page();
        Page& target = fresh_page();
        page.words[2] = 77;
        give(15, page);
        auto copy = copy_from_grant(15, target, 8);
        copy.source.offset = 16;
        copy.dest.offset = 4088;
        expect_equal(grant<GNTTABOP_copy>(copy), 0);
        expect_equal(copy.status, GNTST_okay);
        expect_equal(target.words[511], 77);
        copy.len = 9;
        grant<GNTTABOP_copy>(copy);
        expect_equal(copy.status, GNTST_bad_copy_arg);
    }},
    {"grant_table_op.copy", "refuses to write into a read-only grant or a page table", [] {
        Page& page = fresh_page();
        give(16, page, GTF_readonly);
        gnttab_copy_t copy{};
        copy.source.u.gmfn = fresh_page().mfn();
        copy.source.domid = copy.dest.domid = DOMID_SELF;
        copy.dest.u.ref = 16;
        copy.len = 8;
        copy.flags = GNTCOPY_dest_gref;
        grant<GNTTABOP_copy>(copy);
        expect_equal(copy.status, GNTST_general_error);
        copy.flags = 0;
        copy.dest.u.gmfn = root_mfn();
        grant<GNTTABOP_copy>(copy);
        expect_equal(copy.status, GNTST_general_error);
    }},
    {"grant_table_op.setup_table", "gives as many frames as there may be, and not one more", [] {
        gnttab_query_size_t query{DOMID_SELF, 0, 0, 0};
        expect_equal(grant<GNTTABOP_query_size>(query), 0);
        static std::array<xen_pfn_t, 256> frames{};
        if (!expect(query.max_nr_frames < frames.size())) return;
        gnttab_setup_table_t setup{};
        setup.dom = DOMID_SELF;
        set_xen_guest_handle(setup.frame_list, frames.data());
        setup.nr_frames = query.max_nr_frames + 1;
        expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
        expect_equal(setup.status, GNTST_general_error);
        setup.nr_frames = query.max_nr_frames;
        expect_equal(grant<GNTTABOP_setup_table>(setup), 0);
        expect_equal(setup.status, GNTST_okay);
        expect(frames[query.max_nr_frames - 1] != 0 && frames[query.max_nr_frames] == 0);
    }},
    {"grant_table_op", "unknown commands", [] {
        gnttab_query_size_t query{};
        expect_equal(untyped::grant_table_op(99, &query, 1), -XEN_ENOSYS);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
