#include "abi/xen.hpp"
#include "hypercalls/batch.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "table/page_table_writes.hpp"

namespace basalt::hypercalls {
namespace {

static_assert(table::mmu_update.element.is<mmu_update_t>());

// Stops at the first refused request; those before it stay done.
Step<> mmu_update(Batch<mmu_update_t> batch, std::uint32_t domains) {
    if (const auto begun = batch.begin(); !begun) return refuse(begun.error());
    const auto tables = tables_named(domains);
    if (!tables) return refuse(tables.error());
    const auto pages = pages_named(domains);
    if (!pages) return batch.end(refuse(pages.error()));
    const paging::Parties parties{*tables, *pages};
    paging::TableHold table;   // requests in a row mostly name the same table
    return batch.in_order(*parties.tables, [&](const mmu_update_t& request, paging::Budget& budget) {
        const bool is_m2p = request.ptr % sizeof(std::uint64_t) == MMU_MACHPHYS_UPDATE;
        if (is_m2p && parties.tables != &running().domain.memory) return Step<>(refuse(Error::not_permitted));
        return paging::update(table, request.ptr, request.val, parties, budget).as_step();
    });
}

}   // namespace

template <>
Ending hypercall<table::mmu_update>(Call call) {
    return decoded<mmu_update>(call);
}

}  // namespace basalt::hypercalls
