// What a grant costs whoever maps, unmaps or copies it, one at a time and many in one call. The grants are this domain's own,
// to itself: the work is the same. Each row leaves out what it takes to write the requests.
#include "kit/grants.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "kit/case.hpp"
#include "report.hpp"

namespace kit {
namespace {

constexpr unsigned most = 100, first_reference = 8;

struct Rows {
    unsigned batch;     // requests in a call
    std::string_view map, unmap, copy;
};
constexpr Rows warm_up{.batch = most, .map = {}, .unmap = {}, .copy = {}};
constexpr Rows one_by_one{.batch = 1, .map = "grant_map_1", .unmap = "grant_unmap_1", .copy = "grant_copy_1"};
constexpr Rows together{.batch = most, .map = "grant_map_100", .unmap = "grant_unmap_100", .copy = "grant_copy_100"};

template <std::uint32_t command, typename Request>
void measure(std::string_view row, std::array<Request, most>& requests, unsigned batch) {
    if (!row.empty()) tell_begin();
    const std::uint64_t begin = __builtin_ia32_rdtsc();
    for (unsigned i = 0; i < most; i += batch)
        bare_hypercall(__HYPERVISOR_grant_table_op, command, &requests[i], std::min(batch, most - i));
    const std::uint64_t taken = __builtin_ia32_rdtsc() - begin;
    if (row.empty()) return;
    tell_end();
    report(row, taken, most);
    expect(std::ranges::all_of(requests, [](const Request& request) { return request.status == GNTST_okay; }));
}

void measure(std::span<Page> windows, std::span<Page> targets, const Rows& rows) {
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
    measure<GNTTABOP_copy>(rows.copy, copies, rows.batch);
    measure<GNTTABOP_map_grant_ref>(rows.map, maps, rows.batch);
    for (unsigned i = 0; i < most; ++i)
        unmaps[i] = {.host_addr = maps[i].host_addr, .dev_bus_addr = 0, .handle = maps[i].handle, .status = 0};
    measure<GNTTABOP_unmap_grant_ref>(rows.unmap, unmaps, rows.batch);
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op.map_grant_ref", "what it costs, and the way back",
     [] {
         GrantEntry* const grants = grants_of(0, fresh_page());
         if (grants == nullptr) return;
         const auto windows = fresh_pages(most), pages = fresh_pages(most), targets = fresh_pages(most);
         for (unsigned i = 0; i < most; ++i) give(grants[first_reference + i], 0, pages[i].mfn());
         for (const Rows& rows : {warm_up, one_by_one, together}) measure(windows, targets, rows);
     }},
});

}

constinit const std::span<const Case> cases = table;

}
