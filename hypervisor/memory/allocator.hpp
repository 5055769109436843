// Free physical memory, in blocks of 2^order frames.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/domain_memory.hpp"

namespace basalt {

inline constexpr unsigned most_order = 18;    // 1 GiB

struct FrameSpan {
    Mfn begin;
    Mfn end;
    constexpr std::uint64_t size() const { return end - begin; }
    friend constexpr bool operator==(FrameSpan, FrameSpan) = default;
};

struct Wanted {
    unsigned order = 0;
    std::uint64_t nodes = 0;       // a bit each: from these while they have any; 0: from any
    unsigned address_bits = 64;    // every byte of the block lies below 2^address_bits
    bool from_reserve = false;     // may use what is kept below 4 GiB for devices
    bool as_found = false;         // not zeroed: only while no domain has run yet
};

// For the hypervisor: kept (frame.hpp), contents zero.
Result<Mfn> allocate_frames(unsigned order = 0);
void free_frames(Mfn first, unsigned order = 0);
void free_one_frame(Mfn mfn);    // whoever dropped its last reference

// For a domain: its account is charged, every frame has the one reference of being held, contents zero. The
// frames are flushed from every CPU's caches before they are given out.
Result<Mfn> allocate_for(DomainMemory& domain, Wanted wanted);

// claim_pages: so many frames, counting those it has, are set aside for the domain; 0 gives the claim up.
Result<> claim(DomainMemory& domain, std::uint64_t frames);

// Clean frames that nobody owns yet, for an exchange: owned and charged, or put back, afterwards.
Result<Mfn> take_unowned(Wanted wanted);
void own(DomainMemory& domain, Mfn first, unsigned order);
void put_unowned_back(Mfn first, unsigned order);

// The owner lets a frame go: freed when the last reference is dropped. Refused: not its frame, or let go
// already.
Result<> release_frame(DomainMemory& domain, Mfn mfn);

struct FreeCounts {
    std::uint64_t total = 0;    // RAM frames that Basalt manages, in use or free
    std::uint64_t free = 0;
    std::uint64_t free_below_4g = 0;
    std::uint64_t reserved = 0;    // of these: for Dom0's devices and Basalt itself
    std::uint64_t claimed = 0;     // of the free ones
    std::uint64_t for_guests() const { return free - reserved; }
};
FreeCounts free_counts();

// Frames that guests can be given, by node; together they are for_guests().
using NodeCounts = std::array<std::uint64_t, most_nodes>;
NodeCounts node_counts();

// The highest free block of this order that begins below `bound`. For who wants them all: the audit.
std::optional<Mfn> free_block_below(Mfn bound, unsigned order);

}    // namespace basalt
