#include "abi/memory.hpp"
#include "abi/xen.hpp"
#include "hypercalls/memory_calls.hpp"
#include "domain/own_frames.hpp"
#include "domain/pause.hpp"
#include "memory/reservation.hpp"

namespace basalt::hypercalls {
namespace {

using Extents = GuestPointer<xen_pfn_t>;

constexpr std::uint64_t most_told = 0xffff'ffff;    // "no limit", as Xen tells it

Result<> increase_by_one(Domain& domain, const Wanted& wanted, Extents extent) {
    const Mfn first = TRY(increase(domain.memory, wanted));
    const bool is_told = !extent.is_null() && domain.kind == GuestKind::pv;   // the others number theirs themselves
    return is_told ? extent.write(first.raw) : Result<>{};
}

// The new frames stay the guest's even if it cannot be told their number: that is the ABI's, as it is Xen's.
Result<> populate_one(Domain& domain, const Wanted& wanted, Extents extent) {
    const Mfn first = TRY(populate(domain, Pfn(TRY(extent.read())), wanted));
    return domain.kind == GuestKind::pv ? extent.write(first.raw) : Result<>{};
}

Result<> decrease_by_one(Domain& domain, const Wanted& wanted, Extents extent) {
    return give_up(domain, Pfn(TRY(extent.read())), wanted.order);
}

struct Request {
    Domain* domain;
    Wanted wanted;
    Extents extents;
    std::uint64_t count;
};

Result<Request> request_of(const Subject& domain, const IfThere<Reservation>& given) {
    const Reservation& reservation = *TRY(given);
    if (reservation.nr_extents > ~std::uint32_t{0} >> ExtentsDone::shift) return refuse(Error::too_big);
    if (reservation.extent_order > most_extent_order()) return refuse(Error::not_permitted);
    Domain& whose = *TRY(domain);
    return Request{&whose, TRY(wanted_as(reservation.extent_order, reservation.mem_flags, whose.memory)),
                   Extents(reservation.extent_start.p), reservation.nr_extents};
}

// One extent after the other, until one cannot be done.
template <Result<> (*act_on_one)(Domain&, const Wanted&, Extents)>
Step<std::uint64_t> change_reservation(ExtentsDone extents, const Result<Request>& request) {
    std::uint64_t done = extents.count();
    if (!request) return done;
    paging::Budget budget;
    while (done < request->count) {
        const Extents extent = request->extents.is_null() ? Extents() : request->extents + done;
        if (!act_on_one(*request->domain, request->wanted, extent)) break;
        ++done;
        budget.spend(std::int64_t{512} << request->wanted.order);    // a frame is cleaned, as many words as a table has
        if (done < request->count && time_to_pause(budget)) {
            extents.keep(done);
            return Again{};
        }
    }
    return done;
}

}    // namespace

Step<std::uint64_t> increase_reservation(ExtentsDone done, Subject domain, IfThere<Reservation> reservation) {
    return change_reservation<increase_by_one>(done, request_of(domain, reservation));
}
Step<std::uint64_t> decrease_reservation(ExtentsDone done, Subject domain, IfThere<Reservation> reservation) {
    return change_reservation<decrease_by_one>(done, request_of(domain, reservation));
}
// PV guests know their frames: none is populated on demand.
Step<std::uint64_t> populate_physmap(ExtentsDone done, Subject domain, IfThere<Reservation> reservation) {
    if (reservation && ((*reservation)->mem_flags & XENMEMF_populate_on_demand) != 0) return done.count();
    return change_reservation<populate_one>(done, request_of(domain, reservation));
}

Result<> claim_pages(const Reservation& reservation) {
    const Extents extents(reservation.extent_start.p);
    if (!extents.is_null() || reservation.extent_order != 0 || reservation.mem_flags != 0) return refuse(Error::invalid);
    const auto domain = living_domain(DomainId(reservation.domid));
    if (!domain || reservation.domid == DOMID_SELF) return refuse(Error::invalid);
    DomainMemory& memory = (*domain)->memory;
    const std::uint64_t frames = reservation.nr_extents;    // that it shall have in the end; 0: no claim any more
    const bool is_more = frames > memory.total.load(std::memory_order_relaxed) && frames <= most_told;
    if (frames != 0 && !is_more) return refuse(Error::invalid);
    return claim(memory, frames);
}

Result<std::uint64_t> current_reservation(Domain& domain, const domid_t&) {
    return domain.memory.total.load(std::memory_order_relaxed);
}

Result<std::uint64_t> maximum_reservation(Domain& domain, const domid_t&) {
    return std::min(domain.memory.most.load(std::memory_order_relaxed), most_told);
}

Result<std::uint64_t> maximum_gpfn(Domain& domain, const domid_t&) {
    if (domain.kind != GuestKind::pv) return domain.nested.last().raw;
    const std::uint64_t frames = domain.shared_info->arch.max_pfn;    // a count, though its name is a number
    return frames == 0 ? 0 : frames - 1;
}

}    // namespace basalt::hypercalls
