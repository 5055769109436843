// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Hardware-assisted guests that map what others grant, at frame numbers of their own.
#include "kit/calling_domain.hpp"
#include "kit/case.hpp"
#include "kit/grants.hpp"

namespace kit {
namespace {

constexpr std::uint64_t spare = CallingDomain::spare, pattern = 0x1122'3344'5566'7788, ones = ~std::uint64_t{0};
constexpr unsigned reference = 21;

// It maps a page of ours, which is granted to it for as long as this lives.
class MappingDomain : public CallingDomain {
public:
    explicit MappingDomain(unsigned flags = 0) {
        static GrantEntry* const first = grants_of(0, fresh_page());
        grants_ = first;
        page.words[0] = pattern;
        page.words[1] = 0;
        give(grants_[reference], id, page.mfn(), flags);
    }

    std::uint64_t maps_it(std::uint64_t frame, unsigned flags = GNTMAP_host_map) {
        gnttab_map_grant_ref_t map{};
        map.host_addr = frame * page_size;
        map.flags = flags;
        map.ref = reference;
        return asks_of_one(GNTTABOP_map_grant_ref, map);
    }
    // The handle is known when it has been mapped: it is copied then.
    std::uint64_t unmaps(std::uint64_t mapped, std::uint64_t frame) {
        gnttab_unmap_grant_ref_t unmap{};
        unmap.host_addr = frame * page_size;
        const std::uint64_t at = place(unmap);
        copies_word(mapped + offsetof(gnttab_map_grant_ref_t, handle), at + offsetof(gnttab_unmap_grant_ref_t, handle));
        asks(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, at, 1);
        return at;
    }
    template <typename Operation>
    std::uint64_t asks_of_one(unsigned command, const Operation& operation) {
        const std::uint64_t at = place(operation);
        asks(__HYPERVISOR_grant_table_op, command, at, 1);
        return at;
    }
    unsigned loads(std::uint64_t address) { return copies_word(address, place(std::uint64_t{0})); }
    unsigned stores(std::uint64_t value, std::uint64_t address) { return copies_word(place(value), address); }

    int status_of_map(std::uint64_t at) const { return placed<gnttab_map_grant_ref_t>(at).status; }
    int status_of_unmap(std::uint64_t at) const { return placed<gnttab_unmap_grant_ref_t>(at).status; }

    // It does all that, and is gone: nothing is in use of ours then.
    void does_it_all() {
        expect_equal(trouble, 0);
        expect(makes_its_calls());
        expect_equal(trouble, 0);
        expect_equal(destroy(), 0);
        expect_equal(grants_[reference].flags & grant_in_use, 0u);
        grants_[reference].flags = 0;
    }

    Page& page = fresh_page();

private:
    GrantEntry* grants_;
};

constexpr std::uint64_t there = spare * page_size, nothing_there = 0x40;   // a frame that it has not, in what its tables show

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.map_grant_ref", "shows a hardware-assisted guest what a PV guest grants", [] {
        MappingDomain domain;
        const std::uint64_t mapped = domain.maps_it(spare);
        const unsigned seen = domain.loads(there);
        domain.stores(pattern + 1, there + 8);
        const std::uint64_t empty = domain.maps_it(nothing_there);
        const unsigned seen_too = domain.loads(nothing_there * page_size + 8);
        domain.does_it_all();
        expect_equal(domain.status_of_map(mapped), GNTST_okay);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen)), pattern);
        expect_equal(domain.page.words[1], pattern + 1);
        expect_equal(domain.status_of_map(empty), GNTST_okay);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen_too)), pattern + 1);
    }},
    {"grant_table_op.map_grant_ref", "lets such a guest only read what is granted so, and drops what it writes", [] {
        MappingDomain domain(GTF_readonly);
        const std::uint64_t refused = domain.maps_it(spare);
        const std::uint64_t mapped = domain.maps_it(spare, GNTMAP_host_map | GNTMAP_readonly);
        const unsigned seen = domain.loads(there);
        domain.stores(pattern + 1, there);
        const unsigned seen_again = domain.loads(there);
        domain.does_it_all();
        expect_equal(domain.status_of_map(refused), GNTST_general_error);
        expect_equal(domain.status_of_map(mapped), GNTST_okay);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen)), pattern);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen_again)), pattern);
        expect_equal(domain.page.words[0], pattern);
    }},
    {"grant_table_op.map_grant_ref", "has no page tables of such a guest to write to", [] {
        MappingDomain domain;
        std::uint64_t mapped[3];
        unsigned next = 0;
        for (const unsigned flag : {GNTMAP_contains_pte, GNTMAP_application_map, GNTMAP_device_map})
            mapped[next++] = domain.maps_it(spare, GNTMAP_host_map | flag);
        const std::uint64_t beyond = domain.maps_it(std::uint64_t{1} << 51);
        const unsigned seen = domain.loads(there);
        domain.does_it_all();
        for (const std::uint64_t each : mapped) expect_equal(domain.status_of_map(each), GNTST_general_error);
        expect_equal(domain.status_of_map(beyond), GNTST_general_error);
        expect_equal(domain.answer(seen), 0);
    }},
    {"grant_table_op.unmap_grant_ref", "leaves nothing where such a guest had mapped a grant", [] {
        MappingDomain domain;
        const std::uint64_t mapped = domain.maps_it(spare);
        const std::uint64_t elsewhere = domain.unmaps(mapped, spare + 1);
        const unsigned seen = domain.loads(there);
        const std::uint64_t unmapped = domain.unmaps(mapped, spare);
        const unsigned left = domain.loads(there);
        const std::uint64_t again = domain.unmaps(mapped, spare);
        domain.does_it_all();
        expect_equal(domain.status_of_map(mapped), GNTST_okay);
        expect_equal(domain.status_of_unmap(elsewhere), GNTST_general_error);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen)), pattern);
        expect_equal(domain.status_of_unmap(unmapped), GNTST_okay);
        expect_equal(static_cast<std::uint64_t>(domain.answer(left)), ones);
        expect_equal(domain.status_of_unmap(again), GNTST_bad_handle);
    }},
    {"grant_table_op.unmap_and_replace", "is not for such a guest", [] {
        MappingDomain domain;
        const std::uint64_t mapped = domain.maps_it(spare);
        gnttab_unmap_and_replace_t replace{};
        replace.host_addr = there;
        replace.new_addr = there + page_size;
        const std::uint64_t at = domain.place(replace);
        domain.copies_word(mapped + offsetof(gnttab_map_grant_ref_t, handle), at + offsetof(gnttab_unmap_and_replace_t, handle));
        const unsigned asked = domain.asks(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_and_replace, at, 1);
        const unsigned seen = domain.loads(there);
        domain.does_it_all();
        // Stock Xen has not the call for such guests at all.
        expect_equal(domain.answer(asked), on_stock_xen() ? -XEN_ENOSYS : 0);
        expect_equal(domain.placed<gnttab_unmap_and_replace_t>(at).status, on_stock_xen() ? 0 : GNTST_general_error);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen)), pattern);
    }},
    {"memory_op.decrease_reservation", "is not about what such a guest has mapped of another's", [] {
        MappingDomain domain;
        const std::uint64_t mapped = domain.maps_it(spare);
        xen_memory_reservation_t decrease{};
        decrease.extent_start.p = reinterpret_cast<xen_pfn_t*>(domain.place(spare));
        decrease.nr_extents = 1;
        decrease.domid = DOMID_SELF;
        const unsigned freed = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, decrease);
        const xen_remove_from_physmap_t remove{.domid = DOMID_SELF, .gpfn = spare};
        const unsigned removed = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, remove);
        const xen_add_to_physmap_t add{.domid = DOMID_SELF, .size = 0, .space = XENMAPSPACE_shared_info, .idx = 0, .gpfn = spare};
        const unsigned added = domain.asks_with(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, add);
        const unsigned seen = domain.loads(there);
        const std::uint64_t unmapped = domain.unmaps(mapped, spare);
        domain.does_it_all();
        expect_equal(domain.answer(freed), 0);
        expect_equal(domain.answer(removed), -XEN_ENOENT);
        expect_equal(domain.answer(added), -XEN_ENXIO);
        expect_equal(static_cast<std::uint64_t>(domain.answer(seen)), pattern);
        expect_equal(domain.status_of_unmap(unmapped), GNTST_okay);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
