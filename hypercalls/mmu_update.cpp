#include "hypercalls/handlers.hpp"
#include "hypercalls/page_table_calls.hpp"

namespace basalt::hypercalls {

// rdi: requests (mmu_update_t), rsi: count, rdx: how many were done, r10: domains.
// Stops at the first refused request; those before it stay done.
Ending mmu_update(Registers& registers) {
    Batch batch(registers);
    const auto parties = parties_named(static_cast<std::uint32_t>(registers.r10));
    if (!parties) return answer(registers, refuse(parties.error()));
    paging::TableHold table;   // requests in a row mostly name the same table
    return in_order<mmu_update_t>(registers, batch, [&](const mmu_update_t& request, paging::Budget& budget) {
        const bool is_m2p = request.ptr % sizeof(std::uint64_t) == MMU_MACHPHYS_UPDATE;
        if (is_m2p && parties->tables != &running().domain.memory) return Step<>(refuse(Error::not_permitted));
        return paging::update(table, request.ptr, request.val, *parties, budget);
    });
}

}  // namespace basalt::hypercalls
