// memory_op's acts on a domain's reservation, one extent at a time: a decoder loops, counts, copies and resumes.
#pragma once

#include <cstdint>
#include <span>

#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/allocator.hpp"

namespace basalt {

// populate_physmap (pfn is the guest's, and enters the M2P) and increase_reservation (no pfn): the first frame of the
// new extent.
Result<Mfn> populate(DomainMemory& domain, Pfn first, Wanted wanted);
Result<Mfn> increase(DomainMemory& domain, Wanted wanted);

// decrease_reservation: all frames of the extent, or the first refusal.
Result<> decrease(DomainMemory& domain, Mfn first, unsigned order);

// exchange, all or nothing: every frame of `given` (extents of given_order) leaves the domain, extents of the wanted kind
// enter it. `out` receives their first frames; the M2P entries are set from pfns, the guest's first frame number of
// each new extent. Until commit() nothing has changed for the guest, and an Exchange dropped before leaves no trace.
class Exchange {
public:
    static constexpr std::size_t most_extents = 64;   // in one step

    explicit Exchange(DomainMemory& domain) : domain_(&domain) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange();

    Result<> give(Mfn first, unsigned order);          // checks ownership, and that nobody else holds a frame of it
    Result<Mfn> want(Wanted wanted);                   // a new extent, not yet the guest's
    void commit(std::span<const Pfn> pfns);            // one pfn per wanted extent, in order

private:
    struct Extent {
        Mfn first;
        unsigned order;
    };
    DomainMemory* domain_;
    std::uint32_t given_ = 0;
    std::uint32_t wanted_ = 0;
    Extent given_extents_[most_extents];
    Extent wanted_extents_[most_extents];
};

// claim_pages: sets frames aside; 0 gives the claim up.
Result<> claim(DomainMemory& domain, std::uint64_t frames);

}  // namespace basalt
