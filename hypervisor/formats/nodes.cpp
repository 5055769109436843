#include "formats/nodes.hpp"

#include <algorithm>

#include "core/result.hpp"

namespace basalt::acpi {
namespace {

using Checked = OrTrouble<void>;
Checked trouble(std::string_view words) { return std::unexpected(words); }

constexpr std::uint32_t enabled = 1, added_later = 2;     // flags of an entry

struct Memory {
    std::uint64_t begin = 0, end = 0;
    std::uint32_t node = 0;
    bool is_added_later = false;
};

// One table is read at a time, at start-up; this is much for a stack.
constinit Bounded<Memory, 2 * most_nodes> pieces;

class Reading {
public:
    Reading(Bytes table, std::span<const Processor> processors, Nodes& nodes)
        : table_(table), processors_(processors), nodes_(nodes), wide_domains_(value_or_zero<std::uint8_t>(table, 8) >= 2) {}

    // Numbers are given in the order in which Xen gives them: tools show them to people.
    Checked read() {
        pieces.clear();
        for (const auto& [type, act] :
             {Pass{2, &Reading::add_wide_processor}, {0, &Reading::add_processor}, {1, &Reading::add_memory}})
            TRY(pass(type, act));
        const auto has_processors = std::ranges::any_of(nodes_.all, &Node::has_processors);
        if (!has_processors) return trouble("it names no processor");
        return {};
    }

private:
    using Act = Checked (Reading::*)(Bytes entry);
    struct Pass {
        std::uint8_t type;
        Act act;
    };

    Checked pass(std::uint8_t type, Act act) {
        constexpr std::size_t first_entry = 48;
        if (table_.size() < first_entry) return trouble("it is cut short");
        for (std::size_t offset = first_entry; offset < table_.size();) {
            const auto length = value_or_zero<std::uint8_t>(table_, offset + 1);
            if (length < 2 || length > table_.size() - offset) return trouble("an entry is cut short");
            const auto entry = table_.subspan(offset, length);
            if (value_or_zero<std::uint8_t>(entry, 0) == type) TRY((this->*act)(entry));
            offset += length;
        }
        return {};
    }

    OrTrouble<std::uint32_t> node_of(std::uint32_t domain) {
        if (const auto known = nodes_.node_of_domain(domain)) return *known;
        if (!nodes_.all.add({.domain = domain})) return std::unexpected("it names more nodes than Basalt has room for");
        return static_cast<std::uint32_t>(nodes_.all.size() - 1);
    }

    Checked place(std::uint32_t apic_id, std::uint32_t domain) {
        const auto node = TRY(node_of(domain));
        nodes_.all[node].has_processors = true;
        const bool asked_about = std::ranges::contains(processors_, apic_id, &Processor::apic_id);
        if (asked_about && !std::ranges::contains(nodes_.processors, apic_id, &NodeOfProcessor::apic_id))
            nodes_.processors.add({apic_id, node});
        return {};
    }

    // 5.2.16.1: before revision 2 a domain's upper bytes were reserved.
    Checked add_processor(Bytes entry) {
        if (entry.size() != 16) return trouble("an entry of a processor has another size");
        if ((value_or_zero<std::uint32_t>(entry, 4) & enabled) == 0) return {};
        std::uint32_t domain = value_or_zero<std::uint8_t>(entry, 2);
        if (wide_domains_) domain |= value_or_zero<std::uint32_t>(entry, 8) & 0xffff'ff00;
        return place(value_or_zero<std::uint8_t>(entry, 3), domain);
    }

    // 5.2.16.3.
    Checked add_wide_processor(Bytes entry) {
        if (entry.size() < 24) return trouble("an entry of a processor has another size");
        if ((value_or_zero<std::uint32_t>(entry, 12) & enabled) == 0) return {};
        return place(value_or_zero<std::uint32_t>(entry, 8), value_or_zero<std::uint32_t>(entry, 4));
    }

    // 5.2.16.2.
    Checked add_memory(Bytes entry) {
        if (entry.size() != 40) return trouble("an entry of memory has another size");
        const auto flags = value_or_zero<std::uint32_t>(entry, 28);
        if ((flags & enabled) == 0) return {};
        const auto node = TRY(node_of(value_or_zero<std::uint32_t>(entry, 2) & (wide_domains_ ? ~std::uint32_t{0} : 0xff)));
        const auto begin = value_or_zero<std::uint64_t>(entry, 8), length = value_or_zero<std::uint64_t>(entry, 16);
        if (begin + length < begin) return trouble("memory of a node goes beyond the last address");
        if (length == 0) return {};
        return add({begin, begin + length, node, (flags & added_later) != 0});
    }

    Checked add(const Memory& memory) {
        Node& node = nodes_.all[memory.node];
        const bool is_first = node.begin == node.end;
        const auto begin = is_first ? memory.begin : std::min(node.begin, memory.begin);
        const auto end = is_first ? memory.end : std::max(node.end, memory.end);
        for (const auto& known : pieces) {
            const bool overlaps = known.begin < memory.end && memory.begin < known.end;
            const bool same_node = known.node == memory.node;
            if (overlaps && !same_node) return trouble("the same memory is of two nodes");
            if (overlaps && known.is_added_later != memory.is_added_later)
                return trouble("the same memory is there and is still to come");
            if (!same_node && begin <= known.begin && known.end <= end)
                return trouble("memory of one node lies within another's");
        }
        if (!pieces.add(memory)) return trouble("it has more pieces of memory than Basalt has room for");
        if (memory.is_added_later) return {};
        for (const Node& other : nodes_.all)
            if (&other != &node && begin < other.end && other.begin < end)
                return trouble("memory of one node lies within another's");
        node.has_memory = true;
        node.begin = begin;
        node.end = end;
        return {};
    }

    Bytes table_;
    std::span<const Processor> processors_;
    Nodes& nodes_;
    bool wide_domains_;
};

constexpr std::size_t count_offset = 36, first_distance = 44;
constexpr std::uint64_t most_rows = 1024;      // a table is no longer than a MiB

}  // namespace

std::optional<std::uint32_t> Nodes::node_of_domain(std::uint32_t domain) const {
    const auto found = std::ranges::find(all, domain, &Node::domain);
    if (found == all.end()) return {};
    return static_cast<std::uint32_t>(found - all.begin());
}

bool Nodes::cover(std::uint64_t begin, std::uint64_t end) const {
    for (bool more = true; more && begin < end;) {
        more = false;
        for (const auto& node : all) {
            if (begin < node.begin || begin >= node.end) continue;
            begin = node.end;
            more = true;
        }
    }
    return begin >= end;
}

OrTrouble<void> read_nodes(Bytes affinity_table, std::span<const Processor> processors, Nodes& nodes) {
    nodes.all.clear();
    nodes.processors.clear();
    return Reading(affinity_table, processors, nodes).read();
}

// Some firmware writes 10 everywhere, which tells nothing.
OrTrouble<void> check_distances(Bytes table, const Nodes& nodes) {
    const auto count = value_or_zero<std::uint64_t>(table, count_offset);
    if (table.size() < first_distance || count > most_rows || table.size() - first_distance < count * count)
        return trouble("it is cut short");
    for (std::uint64_t from = 0; from < count; ++from)
        for (std::uint64_t to = 0; to < count; ++to) {
            const auto value = value_or_zero<std::uint8_t>(table, first_distance + from * count + to);
            if (from == to ? value != distance_within : value <= distance_within)
                return trouble("a place is not nearer to itself than to others");
        }
    for (const auto& node : nodes.all)
        if (node.domain >= count) return trouble("it leaves a node out");
    return {};
}

Distance distance(Bytes table, std::uint32_t from_domain, std::uint32_t to_domain) {
    constexpr std::uint8_t unreachable = 0xff;
    const auto count = value_or_zero<std::uint64_t>(table, count_offset);
    const auto value = value_or_zero<std::uint8_t>(table, first_distance + from_domain * count + to_domain);
    return value == unreachable ? Distance() : Distance(value);
}

}  // namespace basalt::acpi
