// What a grant costs whoever maps, unmaps or copies it, one at a time and many in one call. The grants are this domain's own,
// to itself: the work is the same. Each row leaves out what it takes to write the requests.
#include "kit/grants.hpp"

#include <algorithm>
#include <array>

#include "kit/case.hpp"
#include "report.hpp"

namespace kit {
namespace {

constexpr unsigned most = 100, first_reference = 8;

struct Costs {
    std::uint64_t map = 0, unmap = 0, copy = 0;
};

template <typename Call>
std::uint64_t ticks_of(Call call) {
    const std::uint64_t begin = __builtin_ia32_rdtsc();
    call();
    return __builtin_ia32_rdtsc() - begin;
}

// Each `batch` requests in a call.
Costs costs_of(std::span<Page> windows, std::span<Page> targets, unsigned batch) {
    static std::array<gnttab_map_grant_ref_t, most> maps;
    static std::array<gnttab_unmap_grant_ref_t, most> unmaps;
    static std::array<gnttab_copy_t, most> copies;
    for (unsigned i = 0; i < most; ++i) {
        maps[i] = {.host_addr = windows[i].address(), .flags = GNTMAP_host_map, .ref = first_reference + i, .dom = 0};
        copies[i] = {};
        copies[i].source = {.u = {.ref = first_reference + i}, .domid = DOMID_SELF};
        copies[i].dest = {.u = {.gmfn = targets[i].mfn()}, .domid = DOMID_SELF};
        copies[i].len = 8;
        copies[i].flags = GNTCOPY_source_gref;
    }
    const auto in_batches = [=](unsigned command, auto& requests) {
        return ticks_of([&] {
            for (unsigned i = 0; i < most; i += batch)
                bare_hypercall(__HYPERVISOR_grant_table_op, command, &requests[i], std::min(batch, most - i));
        });
    };
    Costs costs;
    costs.copy = in_batches(GNTTABOP_copy, copies);
    costs.map = in_batches(GNTTABOP_map_grant_ref, maps);
    for (unsigned i = 0; i < most; ++i)
        unmaps[i] = {.host_addr = maps[i].host_addr, .dev_bus_addr = 0, .handle = maps[i].handle, .status = 0};
    costs.unmap = in_batches(GNTTABOP_unmap_grant_ref, unmaps);
    expect(std::ranges::all_of(maps, [](const auto& map) { return map.status == GNTST_okay; }));
    expect(std::ranges::all_of(unmaps, [](const auto& unmap) { return unmap.status == GNTST_okay; }));
    expect(std::ranges::all_of(copies, [](const auto& copy) { return copy.status == GNTST_okay; }));
    return costs;
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.map_grant_ref", "what it costs, and the way back",
     [] {
         GrantEntry* const grants = grants_of(0, fresh_page());
         if (grants == nullptr) return;
         const auto windows = fresh_pages(most), pages = fresh_pages(most), targets = fresh_pages(most);
         for (unsigned i = 0; i < most; ++i) give(grants[first_reference + i], 0, pages[i].mfn());
         costs_of(windows, targets, most);
         const Costs each = costs_of(windows, targets, 1), together = costs_of(windows, targets, most);
         report("grant_map_1", each.map, most);
         report("grant_unmap_1", each.unmap, most);
         report("grant_copy_1", each.copy, most);
         report("grant_map_100", together.map, most);
         report("grant_unmap_100", together.unmap, most);
         report("grant_copy_100", together.copy, most);
     }},
});

}

constinit const std::span<const Case> cases = table;

}
