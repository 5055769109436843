// Which frames are of which node of memory: the machine's frames, cut at the nodes' borders. Before anybody has said more,
// all are of node 0.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "core/number.hpp"
#include "memory/allocator.hpp"

namespace basalt {

class NodeMap {
public:
    constexpr NodeMap() = default;

    // The span of each node, by its number; they do not overlap, and may be empty. What is between two is the lower's.
    constexpr explicit NodeMap(std::span<const FrameSpan> nodes) {
        count_ = 0;
        for (std::uint32_t node = 0; node < nodes.size(); ++node)
            if (nodes[node].size() != 0) parts_[count_++] = {nodes[node].begin.raw, NodeId(node)};
        if (count_ == 0) *this = NodeMap{};
        std::ranges::sort(std::span(parts_).first(count_), {}, &Part::begin);
        parts_[0].begin = 0;
    }

    constexpr NodeId node_of(Mfn mfn) const {
        if (count_ == 1) return parts_[0].node;
        const auto all = std::span(parts_).first(count_);
        return std::ranges::prev(std::ranges::upper_bound(all, mfn.raw, {}, &Part::begin))->node;
    }
    constexpr bool divides(Mfn first, std::uint64_t frames) const {
        if (count_ == 1) return false;
        return std::ranges::any_of(std::span(parts_).first(count_),
                                   [&](const Part& part) { return first.raw < part.begin && part.begin < first.raw + frames; });
    }
    // The highest first: the node, and where its frames begin and end.
    template <typename Action>
    constexpr void for_each_part(Action action) const {
        std::uint64_t end = ~std::uint64_t{0};
        for (std::size_t part = count_; part-- != 0; end = parts_[part].begin)
            action(parts_[part].node, parts_[part].begin, end);
    }
    // Where a node begins that does not begin with the machine.
    template <typename Action>
    constexpr void for_each_border(Action action) const {
        for (std::size_t part = 1; part < count_; ++part) action(Mfn(parts_[part].begin));
    }

private:
    struct Part {
        std::uint64_t begin = 0;
        NodeId node;
    };
    std::array<Part, most_nodes> parts_{};
    std::size_t count_ = 1;
};

}  // namespace basalt
