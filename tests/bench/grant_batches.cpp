// Grants of another domain: mapped, unmapped and copied, so many in one call.
#include "kit/case.hpp"
#include "kit/grants.hpp"
#include "kit/small_domain.hpp"
#include "report.hpp"

namespace kit {
namespace {

constexpr unsigned most = 256, first_reference = 16;
constexpr unsigned copied = 8;    // bytes: what a copy costs beside the copying

std::array<gnttab_map_grant_ref_t, most> maps;
std::array<gnttab_unmap_grant_ref_t, most> unmaps;
std::array<gnttab_copy_t, most> copies;

struct Name {
    unsigned batch;
    std::string_view map, unmap, copy;
};
constexpr auto names = std::to_array<Name>({
    {1, "grant_map_1", "grant_unmap_1", "grant_copy_1"},
    {4, "grant_map_4", "grant_unmap_4", "grant_copy_4"},
    {16, "grant_map_16", "grant_unmap_16", "grant_copy_16"},
    {64, "grant_map_64", "grant_unmap_64", "grant_copy_64"},
    {100, "grant_map_100", "grant_unmap_100", "grant_copy_100"},
    {256, "grant_map_256", "grant_unmap_256", "grant_copy_256"},
});

template <class Operations>
void ask(unsigned command, Operations& operations, unsigned batch) {
    bare_hypercall(__HYPERVISOR_grant_table_op, command, operations.data(), batch);
}

template <class Operations>
void expect_okay(const Operations& operations, unsigned batch) {
    for (unsigned i = 0; i < batch; ++i) expect_equal(operations[i].status, GNTST_okay);
}

// Each reference names the same page of the other domain, and is mapped at a place of its own.
void prepare(const SmallDomain& other) {
    GrantEntry* const theirs = grants_of(other.id, fresh_page());
    if (theirs == nullptr) return;
    const auto windows = fresh_pages(most);
    for (unsigned i = 0; i < most; ++i) {
        give(theirs[first_reference + i], 0, other.frames[SmallDomain::data]);
        maps[i].host_addr = unmaps[i].host_addr = windows[i].address();
        maps[i].ref = first_reference + i;
        maps[i].flags = GNTMAP_host_map;
        maps[i].dom = static_cast<domid_t>(other.id);
        copies[i].source.u.ref = first_reference + i;
        copies[i].source.domid = static_cast<domid_t>(other.id);
        copies[i].dest.domid = DOMID_SELF;
        copies[i].len = copied;
        copies[i].flags = GNTCOPY_source_gref;
    }
    const auto targets = fresh_pages(most);
    for (unsigned i = 0; i < most; ++i) copies[i].dest.u.gmfn = targets[i].mfn();
}

void measure_batch(const Name& name) {
    const unsigned batch = name.batch, times = 4096 / batch;
    const auto map = [batch] { ask(GNTTABOP_map_grant_ref, maps, batch); };
    const auto unmap = [batch] { ask(GNTTABOP_unmap_grant_ref, unmaps, batch); };
    const auto note_handles = [batch] {
        for (unsigned i = 0; i < batch; ++i) unmaps[i].handle = maps[i].handle;
    };
    Parts::measure(name.map, times, batch, [&](Parts& parts) {
        parts(map);
        note_handles();
        unmap();
    });
    expect_okay(maps, batch);
    Parts::measure(name.unmap, times, batch, [&](Parts& parts) {
        map();
        note_handles();
        parts(unmap);
    });
    expect_okay(unmaps, batch);
    measure(name.copy, times, batch, [batch] { ask(GNTTABOP_copy, copies, batch); });
    expect_okay(copies, batch);
}

constexpr auto table = std::to_array<Case>({
    {"grant_table_op", "by batch",
     [] {
         prepare(idle_domain());
         for (const Name& name : names) measure_batch(name);
     }},
});

}

constinit const std::span<const Case> cases = table;

}
