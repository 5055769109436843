#include "devices/nodes.hpp"

#include <algorithm>
#include <array>

#include "core/once.hpp"
#include "core/result.hpp"
#include "debug/log.hpp"
#include "devices/firmware.hpp"
#include "formats/nodes.hpp"
#include "machine/boot_info.hpp"
#include "machine/cpu.hpp"

namespace basalt {
namespace {

constexpr std::uint8_t unreachable = 0;

struct Known {
    acpi::Nodes nodes;
    std::array<std::array<std::uint8_t, most_nodes>, most_nodes> distances{};
    bool by_firmware = false;
};
constinit Once<Known> known;

std::uint64_t end_of_memory() {
    std::uint64_t end = 0;
    for (const auto& region : boot_info().memory)
        if (region.usable()) end = std::max(end, region.end() & ~(page_size - 1));
    return end;
}

acpi::OrTrouble<void> nodes_by_firmware(acpi::Nodes& nodes) {
    const auto& processors = firmware().madt.processors;
    TRY(acpi::read_nodes(firmware().affinity_table, std::span(processors.begin(), processors.size()), nodes));
    for (const auto& region : boot_info().memory)
        if (region.usable() && !nodes.cover(region.start, region.end())) return std::unexpected("it leaves memory out");
    return {};
}

bool one_node(acpi::Nodes& nodes) {
    nodes.all.clear();
    nodes.processors.clear();
    nodes.all.add({.has_processors = true, .has_memory = true, .end = end_of_memory()});
    return false;
}

bool several_nodes(acpi::Nodes& nodes) {
    if (firmware().affinity_table.empty()) return one_node(nodes);
    if (const auto read = nodes_by_firmware(nodes); !read) {
        log(Level::warning, "ACPI: SRAT is not used: {}; all is one node", read.error());
        return one_node(nodes);
    }
    // Frames are cut at whole pages, of those that there are.
    for (std::size_t node = 0; node < nodes.all.size(); ++node) {
        auto& each = nodes.all[node];
        each.end = std::min(each.end, end_of_memory());
        each.begin = std::min(each.begin, each.end);
    }
    return true;
}

void measure_distances(Known& found) {
    const auto table = firmware().locality_table;
    const auto& all = found.nodes.all;
    bool told = found.by_firmware && !table.empty();
    if (told)
        if (const auto good = acpi::check_distances(table, found.nodes); !good) {
            log(Level::warning, "ACPI: SLIT is not used: {}; nodes are {} from each other", good.error(),
                unsigned{acpi::distance_between});
            told = false;
        }
    for (std::size_t from = 0; from < all.size(); ++from)
        for (std::size_t to = 0; to < all.size(); ++to)
            found.distances[from][to] = told ? acpi::distance(table, all[from].domain, all[to].domain).value_or(unreachable)
                                        : from == to ? acpi::distance_within
                                                     : acpi::distance_between;
}

}  // namespace

void find_nodes(bool wanted) {
    known.set_in_place([wanted](Known& found) {
        found.by_firmware = wanted ? several_nodes(found.nodes) : one_node(found.nodes);
        measure_distances(found);
    });
    for (std::uint32_t node = 0; node < node_numbers(); ++node) {
        const auto memory = memory_of(NodeId(node));
        if (known->by_firmware) log(Level::info, "node {}: memory {x}-{x}", node, memory.begin, memory.end);
    }
}

std::uint32_t node_numbers() {
    auto count = static_cast<std::uint32_t>(known->nodes.all.size());
    while (!is_online(NodeId(count - 1))) --count;      // at least one is
    return count;
}

std::uint32_t online_node_count() {
    return static_cast<std::uint32_t>(std::ranges::count_if(known->nodes.all, &acpi::Node::online));
}

bool is_online(NodeId node) { return node.raw < known->nodes.all.size() && known->nodes.all[node.raw].online(); }

MemoryOfNode memory_of(NodeId node) { return {known->nodes.all[node.raw].begin, known->nodes.all[node.raw].end}; }

// One that firmware does not place is on the first node, as on Xen.
NodeId node_of(CpuId cpu) {
    for (const auto& placed : known->nodes.processors)
        if (placed.apic_id == cpu_of(cpu).apic_id) return NodeId(placed.node);
    return NodeId(0);
}

std::optional<NodeId> node_of_domain(std::uint32_t proximity_domain) {
    if (!known->by_firmware) return {};
    const auto node = known->nodes.node_of_domain(proximity_domain);
    return node ? std::optional(NodeId(*node)) : std::nullopt;
}

std::optional<std::uint32_t> distance_between(NodeId from, NodeId to) {
    const auto told = known->distances[from.raw][to.raw];
    return told == unreachable ? std::nullopt : std::optional<std::uint32_t>(told);
}

}  // namespace basalt
