// The sets of free blocks, one for each order. Blocks are aligned to their size and merge with their buddies.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "memory/allocator.hpp"
#include "memory/bit_tree.hpp"
#include "memory/node_map.hpp"

namespace basalt {

class FreeMemory {
public:
    static std::size_t words_for(Mfn end);

    void start(Mfn end, std::span<std::uint64_t> words);
    void manage(std::uint64_t frames,
                std::uint64_t frames_below_4g);    // grows the total, and the reserve with it
    void add(Mfn first, unsigned order);

    // The highest block that fits, cut out of the smallest that holds one. `claimed_by_others` frames stay
    // untouched.
    std::optional<Mfn> take(const Wanted& wanted, std::uint64_t claimed_by_others);

    std::optional<Mfn> highest_below(Mfn bound, unsigned order) const;

    // No free block is of two nodes from now on, and what is free is counted by node.
    void divide(const NodeMap& nodes);
    NodeCounts node_counts() const;

    FreeCounts counts() const { return counts_; }
    void claim(std::uint64_t frames) { counts_.claimed += frames; }
    void unclaim(std::uint64_t frames) { counts_.claimed -= frames; }

private:
    static constexpr std::uint64_t four_gib = std::uint64_t{1} << 20;    // in frames
    std::optional<Mfn> take_between(std::uint64_t begin, std::uint64_t end, unsigned order);
    std::optional<Mfn> take_within(std::uint64_t begin, std::uint64_t end, const Wanted& wanted);
    void count(Mfn first, unsigned order, bool added);
    void count_in_node(Mfn first, std::uint64_t change);
    void cut_at(Mfn border);

    struct Free {
        std::uint64_t all = 0;
        std::uint64_t below_4g = 0;
    };
    std::array<BitTree, most_order + 1> blocks_{};
    std::uint64_t end_ = 0;
    std::uint64_t reserve_ = 0;    // frames kept below 4 GiB
    FreeCounts counts_;
    NodeMap nodes_;
    std::array<Free, most_nodes> free_of_{};    // by node
};

}    // namespace basalt
