#include "abi/xen.hpp"
#include "domain/own_frames.hpp"
#include "hypercalls/batch.hpp"
#include "hypercalls/page_table_calls.hpp"
#include "table/page_table_writes.hpp"

namespace basalt::hypercalls {
namespace {

static_assert(table::mmu_update.element.is<mmu_update_t>());

// An entry that names a frame of a hardware-assisted guest's names it by the guest's number, unless it says otherwise: the
// machine's is held until the entry holds it itself.
paging::Outcome update_by_own_number(paging::TableHold& table, const mmu_update_t& request, const paging::Parties& parties,
                                     paging::Budget& budget) {
    const PageEntry entry(request.val);
    const auto kind = request.ptr % sizeof(std::uint64_t);
    if (kind == MMU_MACHPHYS_UPDATE || kind == MMU_PT_UPDATE_NO_TRANSLATE || !entry.present())
        return paging::update(table, request.ptr, request.val, parties, budget);
    const Domain& domain = PartOf<Domain, DomainMemory>::whole_of(*parties.pages);
    const auto frame = own_frame(domain, Pfn(entry.mfn().raw), entry.has(page_bit::writable));
    if (!frame) return refuse(frame.error() == Error::no_entry ? Error::invalid : frame.error());
    const std::uint64_t by_machine = (request.val & ~page_bit::frame) | physical_of(frame->mfn());
    return paging::update(table, request.ptr, by_machine, parties, budget);
}

// Stops at the first refused request; those before it stay done.
Step<> mmu_update(Batch<mmu_update_t> batch, std::uint32_t domains) {
    if (const auto begun = batch.begin(); !begun) return refuse(begun.error());
    const auto tables = tables_named(domains);
    if (!tables) return refuse(tables.error());
    const auto pages = pages_named(domains);
    if (!pages) return batch.end(refuse(pages.error()));
    const paging::Parties parties{*tables, *pages};
    const bool by_own_numbers = numbers_its_own(*parties.pages);
    paging::TableHold table;   // requests in a row mostly name the same table
    return batch.in_order(*parties.tables, [&](const mmu_update_t& request, paging::Budget& budget) {
        const bool is_m2p = request.ptr % sizeof(std::uint64_t) == MMU_MACHPHYS_UPDATE;
        if (is_m2p && parties.tables != &running().domain.memory) return Step<>(refuse(Error::not_permitted));
        if (by_own_numbers) [[unlikely]]
            return update_by_own_number(table, request, parties, budget).as_step();
        return paging::update(table, request.ptr, request.val, parties, budget).as_step();
    });
}

}   // namespace

template <>
Ending hypercall<table::mmu_update>(Call call) {
    return decoded<mmu_update>(call);
}

}  // namespace basalt::hypercalls
