// Which processors and which memory are near each other (ACPI 6.4, 5.2.16 System Resource Affinity Table, 5.2.17 System
// Locality Information Table). Firmware numbers such places as it likes: a node is the place's number here.
#pragma once

#include <expected>
#include <span>
#include <string_view>

#include "formats/acpi.hpp"

namespace basalt::acpi {

struct Node {
    std::uint32_t domain = 0;       // what firmware calls it
    bool has_processors = false;
    bool has_memory = false;        // that is there from the start
    std::uint64_t begin = 0;        // around all such memory of its, holes too; no other node's is within
    std::uint64_t end = 0;
    bool online() const { return has_processors || has_memory; }
};

struct NodeOfProcessor {
    std::uint32_t apic_id = 0;
    std::uint32_t node = 0;
};

struct Nodes {
    Bounded<Node, most_nodes> all;                        // by number; the last may be one of memory that is not there yet
    Bounded<NodeOfProcessor, most_cpus> processors;       // of those that were asked about
    std::optional<std::uint32_t> node_of_domain(std::uint32_t domain) const;
    // Whether all of this memory is some node's.
    bool cover(std::uint64_t begin, std::uint64_t end) const;
};

// What is wrong with a table, for a person.
template <typename T>
using OrTrouble = std::expected<T, std::string_view>;

// A table that contradicts itself is not believed at all: what is in `nodes` then means nothing.
OrTrouble<void> read_nodes(Bytes affinity_table, std::span<const Processor> processors, Nodes& nodes);

// 10 within a node and more between two. Nothing: none is reachable from the other.
using Distance = std::optional<std::uint8_t>;
inline constexpr std::uint8_t distance_within = 10, distance_between = 20;     // where firmware does not say

// Good for use where it has a row for each of the nodes.
OrTrouble<void> check_distances(Bytes locality_table, const Nodes& nodes);
Distance distance(Bytes checked_table, std::uint32_t from_domain, std::uint32_t to_domain);

}  // namespace basalt::acpi
