#include "hypercalls/memory_calls.hpp"
#include "hypercalls/pause.hpp"
#include "memory/reservation.hpp"

namespace basalt::hypercalls {
namespace {

using Reservation = xen_memory_reservation_t;
using Extents = GuestPointer<xen_pfn_t>;

constexpr std::uint64_t most_told = 0xffff'ffff;    // "no limit", as Xen tells it

Result<> increase_by_one(DomainMemory& domain, const Wanted& wanted, Extents extent) {
    const Mfn first = TRY(increase(domain, wanted));
    return extent.is_null() ? Result<>{} : extent.write(first.raw);
}

// The new frames stay the guest's even if it cannot be told their number: that is the ABI's, as it is Xen's.
Result<> populate_one(DomainMemory& domain, const Wanted& wanted, Extents extent) {
    const Mfn first = TRY(populate(domain, Pfn(TRY(extent.read())), wanted));
    return extent.write(first.raw);
}

Result<> act_on_one(std::uint32_t command, DomainMemory& domain, const Wanted& wanted, Extents extent) {
    switch (command) {
    case XENMEM_increase_reservation:
        return increase_by_one(domain, wanted, extent);
    case XENMEM_populate_physmap:
        return populate_one(domain, wanted, extent);
    default:
        return decrease(domain, Mfn(TRY(extent.read())), wanted.order);
    }
}

struct Request {
    DomainMemory* domain;
    Wanted wanted;
    Extents extents;
    std::uint64_t count;
};

Result<Request> request_at(std::uint32_t command, std::uint64_t argument) {
    const auto reservation = TRY(GuestPointer<Reservation>(argument).read());
    if (reservation.nr_extents > ~std::uint32_t{0} >> extents_done_shift) return refuse(Error::too_big);
    if (reservation.extent_order > most_extent_order()) return refuse(Error::not_permitted);
    if (command == XENMEM_populate_physmap && (reservation.mem_flags & XENMEMF_populate_on_demand) != 0)
        return refuse(Error::invalid);    // PV guests know their frames
    Domain* const domain = TRY(domain_for_memory(DomainId(reservation.domid)));
    return Request{&domain->memory,
                   TRY(wanted_as(reservation.extent_order, reservation.mem_flags, domain->memory)),
                   Extents(reservation.extent_start.p), reservation.nr_extents};
}

}    // namespace

Ending change_reservation(Registers& registers) {
    const auto command = static_cast<std::uint32_t>(registers.rdi & command_mask);
    std::uint64_t done = registers.rdi >> extents_done_shift;
    const auto request = request_at(command, registers.rsi);
    if (!request) return answer(registers, static_cast<std::int64_t>(done));
    paging::Budget budget;
    while (done < request->count) {
        const Extents extent = request->extents.is_null() ? Extents() : request->extents + done;
        if (!act_on_one(command, *request->domain, request->wanted, extent)) break;
        ++done;
        budget.spend(std::int64_t{512}
                     << request->wanted.order);    // a frame is cleaned, as many words as a table has
        if (done < request->count && time_to_pause(budget)) {
            registers.rdi = command | done << extents_done_shift;
            return Ending::resume;
        }
    }
    return answer(registers, static_cast<std::int64_t>(done));
}

Result<std::int64_t> claim_pages(std::uint64_t argument) {
    const auto reservation = TRY(GuestPointer<Reservation>(argument).read());
    const Extents extents(reservation.extent_start.p);
    if (!extents.is_null() || reservation.extent_order != 0 || reservation.mem_flags != 0)
        return refuse(Error::invalid);
    const auto domain = living_domain(DomainId(reservation.domid));
    if (!domain || reservation.domid == DOMID_SELF) return refuse(Error::invalid);
    DomainMemory& memory = (*domain)->memory;
    const std::uint64_t frames = reservation.nr_extents;    // that it shall have in the end; 0: no claim any more
    const bool is_more = frames > memory.total.load(std::memory_order_relaxed) && frames <= most_told;
    if (frames != 0 && !is_more) return refuse(Error::invalid);
    TRY(claim(memory, frames));
    return 0;
}

Result<std::int64_t> count_of(std::uint32_t command, std::uint64_t argument) {
    const Domain* const domain =
        TRY(domain_for_memory(DomainId(TRY(GuestPointer<domid_t>(argument).read()))));
    const DomainMemory& memory = domain->memory;
    if (command == XENMEM_current_reservation)
        return static_cast<std::int64_t>(memory.total.load(std::memory_order_relaxed));
    if (command == XENMEM_maximum_reservation)
        return static_cast<std::int64_t>(std::min(memory.most.load(std::memory_order_relaxed), most_told));
    const auto frames = domain->shared_info->arch.max_pfn;    // a count, though its name is a number
    return static_cast<std::int64_t>(frames == 0 ? 0 : frames - 1);
}

}    // namespace basalt::hypercalls
