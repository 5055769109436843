#include "memory/free_memory.hpp"

#include <algorithm>

#include "core/assert.hpp"

namespace basalt {

namespace {
constexpr std::uint64_t blocks_below(std::uint64_t frames, unsigned order) {
    return (frames + (std::uint64_t{1} << order) - 1) >> order;
}
}    // namespace

std::size_t FreeMemory::words_for(Mfn end) {
    std::size_t total = 0;
    for (unsigned order = 0; order <= most_order; ++order) total += BitTree::words_for(blocks_below(end.raw, order));
    return total;
}

void FreeMemory::start(Mfn end, std::span<std::uint64_t> words) {
    ASSERT(words.size() >= words_for(end));
    *this = FreeMemory{};
    end_ = end.raw;
    for (unsigned order = 0; order <= most_order; ++order) {
        const auto members = blocks_below(end.raw, order);
        blocks_[order] = BitTree(words, members);
        words = words.subspan(BitTree::words_for(members));
    }
}

void FreeMemory::manage(std::uint64_t frames, std::uint64_t frames_below_4g) {
    counts_.total += frames;
    // What Xen keeps back when Dom0 may have all there is: a sixteenth, of which 128 MiB are enough.
    reserve_ = std::min({counts_.total / 16, (std::uint64_t{128} << 20) / page_size, frames_below_4g / 4});
}

void FreeMemory::count_in_node(Mfn first, std::uint64_t change) {
    auto& free = free_of_[nodes_.node_of(first).raw];
    free.all += change;
    if (first.raw < four_gib) free.below_4g += change;
}

void FreeMemory::count(Mfn first, unsigned order, bool added) {
    const auto change = (std::uint64_t{1} << order) * (added ? 1 : ~std::uint64_t{0});
    count_in_node(first, change);
    counts_.free += change;
    if (first.raw < four_gib) counts_.free_below_4g += change;
    counts_.reserved = std::min(counts_.free_below_4g, reserve_);
}

void FreeMemory::add(Mfn first, unsigned order) {
    if (order != 0 && nodes_.divides(first, std::uint64_t{1} << order)) {
        --order;
        add(first, order);
        return add(first + (std::uint64_t{1} << order), order);
    }
    count(first, order, true);
    auto block = first.raw >> order;
    while (order < most_order && blocks_[order].has(block ^ 1)) {
        if (nodes_.divides(Mfn((block & ~std::uint64_t{1}) << order), std::uint64_t{2} << order)) break;
        blocks_[order].remove(block ^ 1);
        block >>= 1;
        ++order;
    }
    blocks_[order].add(block);
}

std::optional<Mfn> FreeMemory::take_between(std::uint64_t begin, std::uint64_t end, unsigned order) {
    for (unsigned size = order; size <= most_order; ++size) {
        const auto found = blocks_[size].highest_below(end >> size);
        if (!found || *found << size < begin) continue;
        blocks_[size].remove(*found);
        auto block = *found;
        for (auto rest = size; rest != order;) {    // keep the upper half, put the lower one back
            --rest;
            block *= 2;
            blocks_[rest].add(block);
            ++block;
        }
        const Mfn first(block << order);
        count(first, order, false);
        return first;
    }
    return std::nullopt;
}

std::optional<Mfn> FreeMemory::take_within(std::uint64_t begin, std::uint64_t end, const Wanted& wanted) {
    if (end > four_gib)
        if (auto high = take_between(std::max(begin, four_gib), end, wanted.order)) return high;
    if (!wanted.from_reserve && counts_.free_below_4g < (std::uint64_t{1} << wanted.order) + reserve_) return std::nullopt;
    return take_between(begin, std::min(end, four_gib), wanted.order);
}

// No free block is of two nodes, so what lies within a node's bounds is the node's.
std::optional<Mfn> FreeMemory::take(const Wanted& wanted, std::uint64_t claimed_by_others) {
    const auto frames = std::uint64_t{1} << wanted.order;
    const auto kept = claimed_by_others + (wanted.from_reserve ? 0 : counts_.reserved);
    if (wanted.order > most_order || counts_.free < frames + kept) return std::nullopt;
    const auto bits = std::clamp(wanted.address_bits, unsigned{page_shift}, 63U);
    const auto end = std::min(end_, std::uint64_t{1} << (bits - page_shift));
    std::optional<Mfn> near;
    if (wanted.nodes != 0)
        nodes_.for_each_part([&](NodeId node, std::uint64_t from, std::uint64_t to) {
            if (!near && from < end && (wanted.nodes >> node.raw & 1) != 0) near = take_within(from, std::min(to, end), wanted);
        });
    return near ? near : take_within(0, end, wanted);
}

void FreeMemory::cut_at(Mfn border) {
    for (auto order = most_order; order != 0; --order) {
        const auto block = border.raw >> order;
        if (block << order == border.raw || border.raw >= end_ || !blocks_[order].has(block)) continue;
        blocks_[order].remove(block);
        blocks_[order - 1].add(block * 2);
        blocks_[order - 1].add(block * 2 + 1);
    }
}

// At start-up: free memory is in few pieces then.
void FreeMemory::divide(const NodeMap& nodes) {
    nodes_ = nodes;
    nodes_.for_each_border([this](Mfn border) { cut_at(border); });
    free_of_ = {};
    for (unsigned order = 0; order <= most_order; ++order)
        for (Mfn bound(end_); const auto first = highest_below(bound, order); bound = *first)
            count_in_node(*first, std::uint64_t{1} << order);
}

// What is kept lies where memory is given out last: at the lowest addresses.
NodeCounts FreeMemory::node_counts() const {
    NodeCounts free_for_guests{};
    auto given = counts_.free_below_4g - counts_.reserved;
    nodes_.for_each_part([&](NodeId node, std::uint64_t, std::uint64_t) {
        const auto& free = free_of_[node.raw];
        const auto given_here = std::min(given, free.below_4g);
        free_for_guests[node.raw] = free.all - free.below_4g + given_here;
        given -= given_here;
    });
    return free_for_guests;
}

std::optional<Mfn> FreeMemory::highest_below(Mfn bound, unsigned order) const {
    const auto found = blocks_[order].highest_below(blocks_below(bound.raw < end_ ? bound.raw : end_, order));
    return found ? std::optional(Mfn(*found << order)) : std::nullopt;
}

}    // namespace basalt
