// Where a hardware-assisted guest has which frame: pages that Basalt shares with it, and its own.
#include "abi/memory.hpp"
#include "domain/own_frames.hpp"
#include "domain/pause.hpp"
#include "hypercalls/grow_in_turns.hpp"
#include "hypercalls/memory_calls.hpp"

namespace basalt::hypercalls {
namespace {

Result<Domain*> with_physmap(Subject subject) {
    Domain* const domain = TRY(subject);
    if (domain->kind == GuestKind::pv) return refuse(Error::access_denied);   // it keeps its p2m itself
    return domain;
}

Result<> place_one(Domain& domain, unsigned space, std::uint64_t index, Pfn page) {
    switch (space) {
        case XENMAPSPACE_shared_info:
            return index != 0 ? refuse(Error::invalid) : place_frame(domain, page, domain.shared_info_frame);
        case XENMAPSPACE_grant_table: return place_frame(domain, page, TRY(grant_frame(domain, index)));
        case XENMAPSPACE_gmfn: {
            const auto moved = move_frame(domain, Pfn(index), page);
            return !moved && moved.error() == Error::no_entry ? refuse(Error::invalid) : moved;
        }
        default: return refuse(Error::invalid);
    }
}

}   // namespace

// A frame of the grant table, which grows as far as that.
Result<Mfn> grant_frame(Domain& domain, std::uint64_t number) {
    if (number >= domain.grants.limit()) return refuse(Error::invalid);
    if (!TRY(grow_in_turns(domain.grants, static_cast<std::uint32_t>(number) + 1))) return refuse(Error::no_memory);
    return domain.grants.frame(static_cast<std::uint32_t>(number));
}

Result<> add_to_physmap(Subject subject, const xen_add_to_physmap_t& request) {
    if (request.space == XENMAPSPACE_gmfn_foreign) return refuse(Error::not_implemented);
    return place_one(*TRY(with_physmap(subject)), request.space, request.idx, Pfn(request.gpfn));
}

// Each has its own answer, whatever the others have.
Step<> add_to_physmap_batch(ExtentsDone extents, Subject subject, const xen_add_to_physmap_batch_t& request) {
    Domain& domain = *TRY(with_physmap(subject));
    paging::Budget budget;
    for (std::uint64_t done = extents.count(); done < request.size; ++done) {
        const auto index = TRY((GuestPointer<xen_ulong_t>(request.idxs.p) + done).read());
        const auto page = TRY((GuestPointer<xen_pfn_t>(request.gpfns.p) + done).read());
        const auto placed = place_one(domain, request.space, index, Pfn(page));
        const bool again = !placed && placed.error() == Error::again;
        if (again || (budget.over() && time_to_pause(budget))) {
            extents.keep(done);
            return Again{};
        }
        const int error = placed ? 0 : static_cast<int>(errno_of(placed.error()));
        TRY((GuestPointer<int>(request.errs.p) + done).write(error));
        budget.spend(512);
    }
    return std::monostate{};
}

Result<> remove_from_physmap(Subject subject, const xen_remove_from_physmap_t& request) {
    return unplace_frame(*TRY(with_physmap(subject)), Pfn(request.gpfn));
}

}   // namespace basalt::hypercalls
