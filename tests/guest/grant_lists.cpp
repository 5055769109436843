// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Lists of requests about grants whose entries are in several tables, one after the other and mixed.
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

constexpr unsigned count = 7, first_reference = 24;

// A level-1 table more, and where it maps.
class Region {
public:
    Region() : table(fresh_table()), slot_(free_slot(2)) {
        expect_equal(mmu_update(slot_.machine(), entry(table.mfn(), table_entry)), 0);
    }
    // Nothing holds the table any more, when it has been taken out: it is a page again.
    ~Region() {
        expect_equal(mmu_update(slot_.machine(), 0), 0);
        mmuext_op(MMUEXT_TLB_FLUSH_LOCAL);
        expect_equal(make_writable(table), 0);
    }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    std::uint64_t address(unsigned index) const {
        return image_base / gib * gib + slot_.index * std::uint64_t{512} * page_size + index * page_size;
    }
    std::uint64_t entry_of(unsigned index) const { return table.machine() + index * 8; }

    Page& table;

private:
    static constexpr std::uint64_t gib = 1ul << 30;
    Slot slot_;
};

struct Place {
    std::uint64_t where, seen_at;    // what the request names, and where the page is seen then
    bool is_entry = false;
    int status = GNTST_okay;
};

Place at(std::uint64_t address) { return {address, address}; }

constexpr auto table = std::to_array<Case>({
    {"grant_table_op", "each of a list has its own entry, whatever table the one before was in", [] {
        Page& window = fresh_page();
        GrantEntry* const grants = grants_of(0, window);
        if (grants == nullptr) return;
        const Region region;
        Page &one = fresh_page(), &two = fresh_page(), &three = fresh_page();
        const Place places[count] = {at(one.address()),
                                     at(region.address(3)),
                                     at(two.address()),
                                     {region.entry_of(4), region.address(4), true},
                                     at(three.address()),
                                     {.where = nowhere, .status = GNTST_general_error},
                                     at(region.address(5))};
        gnttab_map_grant_ref_t maps[count]{};
        gnttab_unmap_grant_ref_t unmaps[count]{};
        for (unsigned i = 0; i < count; ++i) {
            Page& page = fresh_page();
            page.words[0] = 100 + i;
            give(grants[first_reference + i], 0, page.mfn());
            maps[i].host_addr = places[i].where;
            maps[i].flags = GNTMAP_host_map | (places[i].is_entry ? GNTMAP_contains_pte : 0);
            maps[i].ref = first_reference + i;
        }
        expect_equal(call<rows::grant_table_op, GNTTABOP_map_grant_ref>(*maps, count), 0);
        mmuext_op(MMUEXT_TLB_FLUSH_LOCAL);
        for (unsigned i = 0; i < count; ++i) {
            const bool mapped = expect_equal(maps[i].status, places[i].status) && places[i].status == GNTST_okay;
            if (mapped) expect_equal(*reinterpret_cast<const volatile std::uint64_t*>(places[i].seen_at), 100 + i);
            unmaps[i].host_addr = places[i].where;
            unmaps[i].handle = mapped ? maps[i].handle : ~0u;
        }
        expect_equal(call<rows::grant_table_op, GNTTABOP_unmap_grant_ref>(*unmaps, count), 0);
        for (unsigned i = 0; i < count; ++i) {
            expect_equal(unmaps[i].status, places[i].status == GNTST_okay ? GNTST_okay : GNTST_bad_handle);
            expect_equal(grants[first_reference + i].flags & grant_in_use, 0);
        }
        for (const Page* const page : {&one, &two, &three}) expect_equal(slot_of(page).value() & present, 0);
        for (const unsigned index : {3u, 4u, 5u}) expect_equal(region.table.words[index] & present, 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
