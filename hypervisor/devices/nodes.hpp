// The nodes of the machine: which CPUs and which memory are near each other, and how far one is from another.
#pragma once

#include <cstdint>
#include <optional>

#include "core/number.hpp"

namespace basalt {

// As the firmware's tables say; where they are wrong or not wanted (`numa=off`), all is one node. Needs find_firmware().
void find_nodes(bool wanted);

std::uint32_t node_numbers();        // one more than the highest in use
std::uint32_t online_node_count();
bool is_online(NodeId node);         // it has CPUs, or memory

// In bytes. All its memory lies within, and no other node's; there may be holes.
struct MemoryOfNode {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};
MemoryOfNode memory_of(NodeId node);

NodeId node_of(CpuId cpu);
std::optional<NodeId> node_of_domain(std::uint32_t proximity_domain);       // ACPI's number for it (_PXM)
std::optional<std::uint32_t> distance_between(NodeId from, NodeId to);      // nothing: unreachable

}  // namespace basalt
