// memory_op.exchange goes chunk by chunk, each all or nothing: a chunk is as many frames as the larger of the
// two orders.
#include "abi/memory.hpp"
#include "abi/xen.hpp"
#include "hypercalls/memory_calls.hpp"
#include "domain/pause.hpp"
#include "memory/reservation.hpp"
#include "paging/named.hpp"

namespace basalt::hypercalls {
namespace {

using Numbers = GuestPointer<xen_pfn_t>;

struct Plan {
    DomainMemory* domain;
    Wanted wanted;
    unsigned given_order;
    Numbers given;
    Numbers taken;
    std::uint64_t given_in_chunk;
    std::uint64_t taken_in_chunk;
};

Result<> check_sizes(const xen_memory_exchange_t& request) {
    const auto& in = request.in;
    const auto& out = request.out;
    if (std::max(in.extent_order, out.extent_order) > most_extent_order()) return refuse(Error::not_permitted);
    if (request.nr_exchanged > in.nr_extents || in.domid != out.domid || ~std::uint64_t{0} >> in.extent_order < in.nr_extents ||
        ~std::uint64_t{0} >> out.extent_order < out.nr_extents ||
        in.nr_extents << in.extent_order != out.nr_extents << out.extent_order)
        return refuse(Error::invalid);
    return {};
}

// Here any number of bits is a wish, which may be one that no frame meets.
Wanted frames_wanted(const xen_memory_reservation_t& out, const DomainMemory& domain) {
    const unsigned bits = XENMEMF_get_address_bits(out.mem_flags);
    return {.order = out.extent_order, .address_bits = bits == 0 ? 64 : bits, .from_reserve = domain.hardware};
}

Plan plan_for(DomainMemory& domain, const xen_memory_exchange_t& request) {
    const auto& in = request.in;
    const auto& out = request.out;
    const unsigned chunk = std::max(in.extent_order, out.extent_order);
    return Plan{&domain,
                frames_wanted(out, domain),
                in.extent_order,
                Numbers(in.extent_start.p),
                Numbers(out.extent_start.p),
                std::uint64_t{1} << (chunk - in.extent_order),
                std::uint64_t{1} << (chunk - out.extent_order)};
}

Result<> exchange_chunk(const Plan& plan, std::uint64_t chunk) {
    Exchange exchange(*plan.domain);
    for (std::uint64_t i = 0; i < plan.given_in_chunk; ++i) {
        const auto mfn = TRY((plan.given + (chunk * plan.given_in_chunk + i)).read());
        if (const auto given = exchange.give(Mfn(mfn), plan.given_order); !given)
            return refuse(given.error() == Error::again ? Error::again : Error::invalid);
    }
    for (std::uint64_t i = 0; i < plan.taken_in_chunk; ++i) {
        const Numbers place = plan.taken + (chunk * plan.taken_in_chunk + i);
        const Mfn first = TRY(exchange.want(plan.wanted, Pfn(TRY(place.read()))));
        TRY(place.write(first.raw));
    }
    exchange.commit();
    return {};
}

}    // namespace

// How far it got is kept in its nr_exchanged, which is the guest's to change.
Step<> exchange(Subject domain, Placed<xen_memory_exchange_t>& placed) {
    auto& request = placed.value;
    if (const auto sizes = check_sizes(request); !sizes) return refuse(sizes.error());
    if (request.nr_exchanged == request.in.nr_extents) return std::monostate{};
    if (!domain) return refuse(domain.error());
    if ((*domain)->kind != GuestKind::pv) return refuse(Error::not_supported);   // frames of the machine mean nothing to it
    const Plan plan = plan_for((*domain)->memory, request);
    paging::Budget budget;
    Result<> result;
    const auto chunks = request.in.nr_extents / plan.given_in_chunk;
    auto chunk = request.nr_exchanged / plan.given_in_chunk;
    while (chunk < chunks && result) {
        result = exchange_chunk(plan, chunk);
        // A table that waits to be taken apart: perhaps this is the one.
        if (!result && result.error() == Error::again) paging::undo_one(*plan.domain, budget);
        if (result) ++chunk;
        budget.spend(std::int64_t{512} << plan.given_order << std::bit_width(plan.given_in_chunk));
        if (chunk < chunks && time_to_pause(budget)) break;
    }
    const bool pausing = result && chunk < chunks;
    request.nr_exchanged = result && !pausing ? request.in.nr_extents : chunk * plan.given_in_chunk;
    if (const auto told = placed.tell(); !told) return refuse(told.error());
    return pausing ? Step<>(Again{}) : step_of(result);
}

}    // namespace basalt::hypercalls
