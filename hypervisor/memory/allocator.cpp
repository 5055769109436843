#include "memory/allocator.hpp"

#include <algorithm>
#include <cstring>

#include "core/lock.hpp"
#include "memory/frame.hpp"
#include "memory/frame_reference.hpp"
#include "memory/free_memory.hpp"
#include "memory/m2p.hpp"
#include "memory/start.hpp"
#include "translations/flush.hpp"

namespace basalt {

namespace {

constinit Guarded<FreeMemory, Rank::frames> free_memory;

// Translations of former owners may still be cached somewhere. The frames are ours, and so not stamped after the clock is read.
void forget_translations(Mfn first, unsigned order) {
    const FlushTime now = flush_time();
    auto left = cpus_that_know(everybody, online_cpus());
    CpuMask behind;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order && !left.empty(); ++i) {
        const OwnerWord word = frame(first + i).owner_word();
        behind = behind | cpus_behind(word.epoch().latest(now), word.knowers(), left);
        left = left.without(behind);
    }
    flush_cpus(behind);
}

void scrub(Mfn first, unsigned order) { std::memset(contents(first), 0, page_size << order); }

template <typename Action>
void for_each_block(FrameSpan span, Action action) {
    for (auto begin = span.begin; begin < span.end;) {
        unsigned order = 0;
        while (order < most_order && begin.raw % (std::uint64_t{2} << order) == 0 &&
               begin.raw + (std::uint64_t{2} << order) <= span.end.raw)
            ++order;
        action(begin, order);
        begin = begin + (std::uint64_t{1} << order);
    }
}

}   // namespace

Result<Mfn> allocate_frames(unsigned order) {
    const auto first = free_memory.with(
        [&](FreeMemory& free) { return free.take({.order = order, .from_reserve = true}, free.counts().claimed); });
    if (!first) return refuse(Error::no_memory);
    forget_translations(*first, order);
    scrub(*first, order);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) frame(*first + i).keep();
    return *first;
}

void free_frames(Mfn first, unsigned order) {
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) {
        ASSERT(frame(first + i).is_kept());
        frame(first + i).take_back();
    }
    free_memory.with([&](FreeMemory& free) { free.add(first, order); });
}

void free_one_frame(Mfn mfn) {
    frame(mfn).take_back();
    free_memory.with([&](FreeMemory& free) { free.add(mfn, 0); });
}

Result<Mfn> take_unowned(Wanted wanted) {
    const auto first = free_memory.with([&](FreeMemory& free) { return free.take(wanted, free.counts().claimed); });
    if (!first) return refuse(Error::no_memory);
    forget_translations(*first, wanted.order);
    if (!wanted.as_found) scrub(*first, wanted.order);
    return *first;
}

void own(DomainMemory& domain, Mfn first, unsigned order) {
    domain.whereabouts.note(first, std::uint64_t{1} << order, memory_views.end);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << order; ++i) frame(first + i).give_to(domain.id);
}

void put_unowned_back(Mfn first, unsigned order) {
    free_memory.with([&](FreeMemory& free) { free.add(first, order); });
}

namespace {

// Uses up the domain's claim as it is served.
std::optional<Mfn> take_claimed(DomainMemory& domain, const Wanted& wanted, std::uint64_t frames) {
    return free_memory.with([&](FreeMemory& free) {
        const auto own = domain.claimed.load(std::memory_order_relaxed);
        auto granted = wanted;
        granted.nodes = domain.nodes.load(std::memory_order_relaxed);
        granted.from_reserve |= own >= frames;   // a claim was held against the reserve when it was made
        const auto found = free.take(granted, free.counts().claimed - own);
        if (found && own != 0) {
            const auto used = own < frames ? own : frames;
            domain.claimed.store(own - used, std::memory_order_relaxed);
            free.unclaim(used);
        }
        return found;
    });
}

}   // namespace

Result<Mfn> allocate_for(DomainMemory& domain, Wanted wanted) {
    if (wanted.order > most_order) return refuse(Error::invalid);
    const auto frames = std::uint64_t{1} << wanted.order;
    TRY(domain.add(frames));
    const auto first = take_claimed(domain, wanted, frames);
    if (!first) {
        domain.remove(frames);
        return refuse(Error::no_memory);
    }
    forget_translations(*first, wanted.order);
    if (!wanted.as_found) scrub(*first, wanted.order);
    own(domain, *first, wanted.order);
    return *first;
}

Result<> release_frame(DomainMemory& domain, Mfn mfn) {
    const auto mine = TRY(FrameReference::take(mfn, domain.id));
    if (!frame(mfn).let_go(domain.id)) return refuse(Error::invalid);
    drop_reference(mfn);
    return {};
}

Result<> claim(DomainMemory& domain, std::uint64_t frames) {
    return free_memory.with([&](FreeMemory& free) -> Result<> {
        const auto own = domain.claimed.load(std::memory_order_relaxed);
        const auto total = domain.total.load(std::memory_order_relaxed);
        // The claim names what the domain shall have in the end (memory.h); what it has counts towards it.
        if (frames != 0 && (own != 0 || frames > domain.most.load(std::memory_order_relaxed))) return refuse(Error::invalid);
        const auto wanted = frames > total ? frames - total : 0;
        const auto counts = free.counts();
        // Dom0 may have taken what others have claimed out of the rest: then there is nothing to claim.
        const auto taken = counts.claimed - own;
        if (wanted > counts.for_guests() - std::min(taken, counts.for_guests())) return refuse(Error::no_memory);
        free.unclaim(own);
        free.claim(wanted);
        domain.claimed.store(wanted, std::memory_order_relaxed);
        return {};
    });
}

FreeCounts free_counts() {
    return free_memory.with([](FreeMemory& free) { return free.counts(); });
}

NodeCounts node_counts() {
    return free_memory.with([](FreeMemory& free) { return free.node_counts(); });
}

std::optional<Mfn> free_block_below(Mfn bound, unsigned order) {
    return free_memory.with([&](FreeMemory& free) { return free.highest_below(bound, order); });
}

// --- start-up ---

namespace {

void start_free(FrameSpan frames) {
    const FlushEpoch now(flush_time());
    for (auto mfn = frames.begin; mfn < frames.end; ++mfn) frame(mfn).start_free(now);
    for_each_block(frames, put_unowned_back);
}

}   // namespace

std::size_t free_set_words(Mfn end) { return FreeMemory::words_for(end); }

void start_memory(const MemoryViews& views, std::span<std::uint64_t> free_sets, std::span<const FrameSpan> ram,
                  std::span<const FrameSpan> taken) {
    memory_views = views;
    std::uint64_t frames = 0;
    std::uint64_t low_frames = 0;
    const Mfn four_gib(std::uint64_t{1} << 20);
    for (auto span : ram) {
        if (span.end <= first_mib.end) continue;   // never ours: its records stay those of device memory
        span.begin = std::max(span.begin, first_mib.end);
        frames += span.size();
        if (span.begin < four_gib) low_frames += (span.end < four_gib ? span.end : four_gib) - span.begin;
    }
    free_memory.with([&](FreeMemory& free) {
        free.start(views.end, free_sets);
        free.manage(frames, low_frames);
    });
    for (const auto& span : ram) {
        auto begin = std::max(span.begin, first_mib.end);
        for (const auto& hole : taken) {
            if (hole.end <= begin || hole.begin >= span.end) continue;
            start_free({begin, std::max(begin, hole.begin)});
            begin = std::max(begin, hole.begin);
            for (const auto end = std::min(hole.end, span.end); begin < end; ++begin) frame(begin).keep();
        }
        start_free({begin, span.end});
    }
}

void divide_memory(std::span<const FrameSpan> nodes) {
    free_memory.with([&](FreeMemory& free) { free.divide(NodeMap(nodes)); });
}

void give_back(FrameSpan frames) { for_each_block(frames, free_frames); }

}   // namespace basalt
