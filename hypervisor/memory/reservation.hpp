// memory_op's acts on a domain's reservation, one extent at a time: a decoder loops, counts, copies and
// resumes.
#pragma once

#include <cstdint>

#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {

// populate_physmap (pfn is the guest's, and enters the M2P) and increase_reservation (no pfn): the first
// frame of the new extent.
Result<Mfn> populate(DomainMemory& domain, Pfn first, Wanted wanted);
Result<Mfn> increase(DomainMemory& domain, Wanted wanted);

// decrease_reservation: all frames of the extent, or the first refusal.
Result<> decrease(DomainMemory& domain, Mfn first, unsigned order);

// exchange, all or nothing: extents leave the domain and as many frames enter it. The decoder gives, then
// wants, tells the guest the new frames, and commits; until then nothing has changed, and an Exchange that
// ends before leaves no trace. Its lists go through the records of the frames, so it needs no memory of its
// own.
class Exchange {
public:
    explicit Exchange(DomainMemory& domain) : domain_(&domain) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange();

    Result<> give(Mfn first,
                  unsigned order);    // refused: not its frames, or somebody still maps or uses one
    Result<Mfn> want(Wanted wanted, Pfn first);    // all of one order
    void commit();                                 // as many frames were wanted as given

private:
    Result<> give_one(Mfn mfn);
    void keep_given();
    void put_wanted_back();

    DomainMemory* domain_;
    std::uint32_t given_ = Frame::no_link;
    std::uint32_t wanted_ = Frame::no_link;
    unsigned wanted_order_ = 0;
    std::uint64_t given_frames_ = 0;
    std::uint64_t wanted_frames_ = 0;
};

}    // namespace basalt
