#include "hypercalls/handlers.hpp"
#include "hypercalls/page_table_calls.hpp"

namespace basalt::hypercalls {

// rdi: requests (mmu_update_t), rsi: count, rdx: how many were done, r10: domains.
// Stops at the first refused request; those before it stay done.
Ending mmu_update(Registers& registers) {
    Batch batch(registers);
    if (const auto begun = batch.begin(); !begun) return answer(registers, begun);
    const auto domains = static_cast<std::uint32_t>(registers.r10);
    const auto tables = tables_named(domains);
    if (!tables) return answer(registers, refuse(tables.error()));
    const auto pages = pages_named(domains);
    if (!pages) return batch.end(registers, refuse(pages.error()));
    const paging::Parties parties{*tables, *pages};
    paging::TableHold table;   // requests in a row mostly name the same table
    return in_order<mmu_update_t>(registers, batch, *parties.tables,
                                  [&](const mmu_update_t& request, paging::Budget& budget) {
        const bool is_m2p = request.ptr % sizeof(std::uint64_t) == MMU_MACHPHYS_UPDATE;
        if (is_m2p && parties.tables != &running().domain.memory) return Step<>(refuse(Error::not_permitted));
        return paging::update(table, request.ptr, request.val, parties, budget);
    });
}

}  // namespace basalt::hypercalls
