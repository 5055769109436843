// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// How a mapping of a grant ends: by its address, by its parts, or by another page in its place; and what is refused of that.
#include "kit/case.hpp"
#include "kit/lent.hpp"

namespace kit {
namespace {

void expect_replace(unsigned handle, std::uint64_t address, std::uint64_t instead, int status, Location where = Location::current()) {
    gnttab_unmap_and_replace_t replace{};
    replace.host_addr = address;
    replace.new_addr = instead;
    replace.handle = handle;
    expect_equal(grant<GNTTABOP_unmap_and_replace>(replace), 0, where);
    expect_equal(replace.status, status, where);
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.unmap_grant_ref", "refuses handles that are none, addresses without the frame, and other device addresses", [] {
        const Lent lent;
        const unsigned handle = lent.mapped(GNTMAP_host_map | GNTMAP_device_map);
        const std::uint64_t at = lent.window.address();
        for (const unsigned wrong : {handle + 1, 0xffffu, ~0u}) expect_unmap(wrong, at, 0, GNTST_bad_handle);
        Page& another = fresh_page();
        for (const std::uint64_t address : {another.address(), nowhere, not_canonical, std::uint64_t{HYPERVISOR_VIRT_START}})
            expect_unmap(handle, address, 0, GNTST_general_error);
        for (const std::uint64_t address : {0x1000ul, another.machine(), lent.page.machine() + 1})
            expect_unmap(handle, at, address, GNTST_bad_dev_addr);
        expect_equal(lent.grants[reference].flags, GTF_permit_access | grant_in_use);
        expect_equal(slot_of(&lent.window).value() & present, present);
        expect_unmap(handle, at, lent.page.machine(), GNTST_okay);
        expect_unmap(handle, at, 0, GNTST_bad_handle);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.unmap_grant_ref", "refuses an entry that has another right than the mapping", [] {
        const Lent lent;
        Lent to_read;                       // the same grant, in another window
        give(lent.grants[reference], 0, lent.page.mfn());
        const unsigned writing = lent.mapped();
        const unsigned reading = to_read.mapped(GNTMAP_host_map | GNTMAP_readonly);
        expect_unmap(writing, to_read.window.address(), 0, GNTST_general_error);
        expect_unmap(reading, lent.window.address(), 0, GNTST_general_error);
        Page& another = fresh_page();
        expect_replace(writing, to_read.window.address(), another.address(), GNTST_general_error);
        // A refused request leaves no trace: stock Xen has emptied the entry of the replacement by then.
        if (!on_stock_xen()) expect_equal(slot_of(&another).value() & present, present);
        expect_equal(lent.grants[reference].flags, GTF_permit_access | grant_in_use);
        expect_unmap(writing, lent.window.address(), 0, GNTST_okay);
        expect_equal(lent.grants[reference].flags, GTF_permit_access | GTF_reading);
        expect_unmap(reading, to_read.window.address(), 0, GNTST_okay);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.unmap_grant_ref", "nothing is named: nothing is unmapped; the parts can go one by one", [] {
        const Lent lent;
        const unsigned handle = lent.mapped(GNTMAP_host_map | GNTMAP_device_map);
        expect_unmap(handle, 0, 0, GNTST_okay);
        expect_unmap(handle, 0, lent.page.machine(), GNTST_okay);
        expect_unmap(handle, 0, lent.page.machine(), GNTST_okay);           // there is no such part any more
        expect_equal(lent.grants[reference].flags, GTF_permit_access | grant_in_use);
        expect_unmap(handle, lent.window.address() + 16, 0, GNTST_okay);
        expect_unmap(handle, lent.window.address(), 0, GNTST_bad_handle);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.unmap_and_replace", "another page takes the mapping's place, and is gone from its own", [] {
        const Lent lent;
        Page& another = fresh_page();
        another.words[3] = 33;
        const std::uint64_t frame = another.mfn();
        const unsigned handle = lent.mapped();
        expect_replace(handle, lent.window.address(), another.address(), GNTST_okay);
        expect_equal(*static_cast<volatile std::uint64_t*>(&lent.window.words[3]), 33);
        expect_equal(mfn_in(slot_of(&lent.window).value()), frame);
        expect_equal(slot_of(&another).value() & present, 0);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
        expect_replace(handle, lent.window.address(), another.address(), GNTST_bad_handle);
        expect_equal(make_writable(another), 0);
    }},
    {"grant_table_op.unmap_and_replace", "nothing is to take its place: it is unmapped", [] {
        const Lent lent;
        expect_replace(lent.mapped(), lent.window.address(), 0, GNTST_okay);
        expect_equal(slot_of(&lent.window).value() & present, 0);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.unmap_and_replace", "the mapping cannot take its own place, nor another of the same page", [] {
        if (on_stock_xen()) return skip("Basalt's own promise: refused there too, but what was at new_addr is gone");
        const Lent lent;
        Page& another = fresh_page();
        const unsigned handle = lent.mapped();
        expect_replace(handle, lent.window.address(), lent.window.address(), GNTST_general_error);
        auto map = lent.wish();
        map.host_addr = another.address();
        expect_equal(grant<GNTTABOP_map_grant_ref>(map), 0);
        expect_replace(handle, lent.window.address(), another.address(), GNTST_general_error);
        expect_unmap(map.handle, another.address(), 0, GNTST_okay);
        expect_unmap(handle, lent.window.address(), 0, GNTST_okay);
        expect_equal(slot_of(&lent.window).value() & present, 0);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
    {"grant_table_op.unmap_and_replace", "refuses addresses without an entry, and mappings named by their entry", [] {
        const Lent lent;
        Page& another = fresh_page();
        unsigned handle = lent.mapped();
        expect_replace(handle + 1, lent.window.address(), another.address(), GNTST_bad_handle);
        expect_replace(handle, another.address(), lent.page.address(), GNTST_general_error);
        for (const std::uint64_t address : unreachable) {
            expect_replace(handle, lent.window.address(), address, GNTST_general_error);
            expect_replace(handle, address, another.address(), GNTST_general_error);
        }
        expect_equal(mfn_in(slot_of(&lent.window).value()), lent.page.mfn());
        expect_unmap(handle, lent.window.address(), 0, GNTST_okay);
        handle = lent.mapped(GNTMAP_host_map | GNTMAP_contains_pte);
        expect_replace(handle, slot_of(&lent.window).machine(), another.address(), GNTST_general_error);
        expect_unmap(handle, slot_of(&lent.window).machine(), 0, GNTST_okay);
        expect_equal(lent.grants[reference].flags, GTF_permit_access);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
