// Which processors and memory are near each other, by tables as QEMU and real firmware write them, and by broken ones.
#include "formats/nodes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace basalt::acpi {
namespace {

constexpr std::uint64_t MiB = 1 << 20, GiB = 1 << 30;
constexpr std::uint32_t there = 1, to_come = 3, absent = 0;

class Table {
public:
    explicit Table(std::size_t header, std::uint8_t revision = 3) : bytes_(header) { put(8, revision); }
    template <typename T>
    Table& put(std::size_t offset, T value) {
        if (bytes_.size() < offset + sizeof value) bytes_.resize(offset + sizeof value);
        std::memcpy(bytes_.data() + offset, &value, sizeof value);
        return *this;
    }
    Table& processor(std::uint8_t apic_id, std::uint32_t domain, std::uint32_t flags = there, std::uint8_t length = 16) {
        const auto at = begin(0, length);
        put(at + 2, static_cast<std::uint8_t>(domain)).put(at + 3, apic_id).put(at + 4, flags);
        return put(at + 8, domain & 0xffff'ff00);
    }
    Table& wide_processor(std::uint32_t apic_id, std::uint32_t domain, std::uint32_t flags = there, std::uint8_t length = 24) {
        const auto at = begin(2, length);
        return put(at + 4, domain).put(at + 8, apic_id).put(at + 12, flags);
    }
    Table& memory(std::uint32_t domain, std::uint64_t from, std::uint64_t to, std::uint32_t flags = there,
                  std::uint8_t length = 40) {
        const auto at = begin(1, length);
        return put(at + 2, domain).put(at + 8, from).put(at + 16, to - from).put(at + 28, flags);
    }
    Bytes bytes() const { return bytes_; }

private:
    std::size_t begin(std::uint8_t type, std::uint8_t length) {
        const auto at = bytes_.size();
        bytes_.resize(at + length);
        put(at, type).put(at + 1, length);
        return at;
    }
    std::vector<std::byte> bytes_;
};

Table srat(std::uint8_t revision = 3) { return Table(48, revision); }

std::vector<Processor> processors(std::initializer_list<std::uint32_t> ids) {
    std::vector<Processor> all;
    for (const auto id : ids) all.push_back({id, id, true});
    return all;
}

OrTrouble<Nodes> nodes_of(Bytes table, std::span<const Processor> processors) {
    Nodes nodes;
    if (const auto read = read_nodes(table, processors, nodes); !read) return std::unexpected(read.error());
    return nodes;
}
OrTrouble<Nodes> read(const Table& table) { return nodes_of(table.bytes(), processors({0, 1, 2, 3})); }
std::string trouble_with(const Table& table) { return std::string(read(table).error_or("")); }

// As QEMU's q35 tells of two nodes of a GiB, each with two CPUs.
Table two_nodes() {
    Table table = srat();
    for (std::uint8_t cpu = 0; cpu < 4; ++cpu) table.processor(cpu, cpu / 2);
    return table.memory(0, 0, 640 << 10).memory(0, MiB, GiB).memory(1, GiB, 2 * GiB).memory(0, 0, 0, absent);
}

TEST(Nodes, ProcessorsAndMemoryAreOfNodes) {
    const auto nodes = read(two_nodes());
    ASSERT_TRUE(nodes.has_value());
    ASSERT_EQ(nodes->all.size(), 2U);
    EXPECT_EQ(nodes->all[0].begin, 0U);
    EXPECT_EQ(nodes->all[0].end, GiB);
    EXPECT_EQ(nodes->all[1].begin, GiB);
    EXPECT_EQ(nodes->all[1].end, 2 * GiB);
    ASSERT_EQ(nodes->processors.size(), 4U);
    for (const auto& each : nodes->processors) EXPECT_EQ(each.node, each.apic_id / 2);
}

TEST(Nodes, AreNumberedAsTheyAppearWhateverFirmwareCallsThem) {
    const auto nodes = read(srat().processor(0, 0x1234'5678).wide_processor(1, 77).memory(77, 0, GiB).memory(5, GiB, 2 * GiB));
    ASSERT_TRUE(nodes.has_value());
    ASSERT_EQ(nodes->all.size(), 3U);
    EXPECT_EQ(nodes->node_of_domain(77), 0U);
    EXPECT_EQ(nodes->node_of_domain(0x1234'5678), 1U);
    EXPECT_EQ(nodes->node_of_domain(5), 2U);
    EXPECT_FALSE(nodes->node_of_domain(6).has_value());
    EXPECT_FALSE(nodes->all[1].has_memory);
    EXPECT_FALSE(nodes->all[2].has_processors);
}

TEST(Nodes, ReservedBytesOfAnOldTableAreNoNumber) {
    const auto nodes = read(srat(1).processor(0, 0xabcd'ef07).memory(0x1234'5607, 0, GiB));
    ASSERT_TRUE(nodes.has_value());
    ASSERT_EQ(nodes->all.size(), 1U);
    EXPECT_EQ(nodes->all[0].domain, 7U);
}

TEST(Nodes, WhatIsNotEnabledOrNotThereYetIsNoMemory) {
    const auto nodes = read(srat()
                                .processor(0, 0)
                                .processor(9, 9, absent)
                                .memory(0, 0, GiB)
                                .memory(1, GiB, 2 * GiB, to_come)
                                .memory(8, 0, GiB, absent));
    ASSERT_TRUE(nodes.has_value());
    ASSERT_EQ(nodes->all.size(), 2U);
    EXPECT_EQ(nodes->all[0].end, GiB);
    EXPECT_FALSE(nodes->all[1].online());
}

TEST(Nodes, OnlyProcessorsThatWereAskedAboutAreKept) {
    Table table = srat().memory(0, 0, GiB);
    for (unsigned id = 0; id < 200; ++id) table.wide_processor(1000 + id, 0);
    const auto nodes = nodes_of(table.processor(3, 0).bytes(), processors({3, 1100}));
    ASSERT_TRUE(nodes.has_value());
    EXPECT_EQ(nodes->processors.size(), 2U);
}

TEST(Nodes, SixtyFourAreThereAndNoMore) {
    Table table = srat();
    for (unsigned node = 0; node < most_nodes; ++node) table.processor(0, node).memory(node, node * GiB, (node + 1) * GiB);
    EXPECT_EQ(read(table)->all.size(), most_nodes);
    EXPECT_EQ(trouble_with(table.processor(0, most_nodes)), "it names more nodes than Basalt has room for");
}

TEST(Nodes, ATableThatContradictsItselfIsNotBelieved) {
    EXPECT_EQ(trouble_with(two_nodes().memory(1, GiB - 1, GiB)), "the same memory is of two nodes");
    EXPECT_EQ(trouble_with(two_nodes().memory(0, 2 * GiB, 3 * GiB)), "memory of one node lies within another's");
    const Table outer_first = srat().processor(0, 0).memory(0, 0, GiB).memory(0, 3 * GiB, 4 * GiB).memory(1, 2 * GiB, 3 * GiB);
    EXPECT_EQ(trouble_with(outer_first), "memory of one node lies within another's");
    EXPECT_EQ(trouble_with(two_nodes().memory(1, GiB, 2 * GiB, to_come)), "the same memory is there and is still to come");
    EXPECT_EQ(trouble_with(two_nodes().memory(1, ~std::uint64_t{0} - 10, 10)), "memory of a node goes beyond the last address");
    EXPECT_EQ(trouble_with(srat().memory(0, 0, GiB)), "it names no processor");
    EXPECT_EQ(trouble_with(two_nodes().processor(0, 0, there, 17)), "an entry of a processor has another size");
    EXPECT_EQ(trouble_with(two_nodes().wide_processor(0, 0, there, 23)), "an entry of a processor has another size");
    EXPECT_EQ(trouble_with(two_nodes().memory(0, 0, MiB, there, 41)), "an entry of memory has another size");
    Table pieces = two_nodes();
    for (std::uint64_t piece = 0; piece < 2 * most_nodes; ++piece) pieces.memory(1, (2 + piece) * GiB, (3 + piece) * GiB);
    EXPECT_EQ(trouble_with(pieces), "it has more pieces of memory than Basalt has room for");
}

TEST(Nodes, APieceWithoutMemoryIsInNobodysWay) {
    EXPECT_TRUE(read(srat().processor(0, 0).memory(1, GiB / 2, GiB / 2).memory(0, 0, GiB)).has_value());
}

TEST(Nodes, TheSamePieceTwiceIsOfOneNodeOnce) { EXPECT_EQ(read(two_nodes().memory(1, GiB, 2 * GiB))->all[1].end, 2 * GiB); }

TEST(Nodes, ATableThatIsCutShortIsNotBelieved) {
    const Table whole = two_nodes();
    const std::vector<std::size_t> ends{48, 64, 80, 96, 112, 152, 192, 232, 272};
    for (std::size_t length = 0; length < whole.bytes().size(); ++length) {
        const auto nodes = nodes_of(whole.bytes().first(length), processors({0, 1, 2, 3}));
        const bool between_entries = std::ranges::find(ends, length) != ends.end();
        EXPECT_EQ(nodes.has_value(), between_entries && length != 48) << length;
    }
    Table stuck = two_nodes();
    EXPECT_EQ(trouble_with(stuck.put<std::uint8_t>(49, 0)), "an entry is cut short");
}

TEST(Nodes, CoverMemoryFromPieceToPiece) {
    const auto nodes = read(srat().processor(0, 0).memory(1, GiB, 2 * GiB).memory(0, 0, GiB).memory(2, 3 * GiB, 4 * GiB));
    ASSERT_TRUE(nodes.has_value());
    EXPECT_TRUE(nodes->cover(0, 2 * GiB));
    EXPECT_TRUE(nodes->cover(MiB, MiB));
    EXPECT_TRUE(nodes->cover(3 * GiB, 4 * GiB));
    EXPECT_FALSE(nodes->cover(0, 2 * GiB + 1));
    EXPECT_FALSE(nodes->cover(2 * GiB, 4 * GiB));
    EXPECT_FALSE(nodes->cover(3 * GiB, 4 * GiB + 1));
}

Table slit(std::uint64_t count, std::initializer_list<int> values) {
    Table table(44);
    table.put(36, count);
    std::size_t at = 44;
    for (const int value : values) table.put(at++, static_cast<std::uint8_t>(value));
    return table;
}
std::string trouble_with_distances(const Table& table) {
    return std::string(check_distances(table.bytes(), *read(two_nodes())).error_or(""));
}

TEST(Distances, AreToldFromEachToEach) {
    const Table table = slit(3, {10, 21, 31, 22, 10, 255, 33, 34, 10});
    EXPECT_EQ(trouble_with_distances(table), "");
    EXPECT_EQ(distance(table.bytes(), 0, 1), 21);
    EXPECT_EQ(distance(table.bytes(), 1, 0), 22);
    EXPECT_EQ(distance(table.bytes(), 2, 2), 10);
    EXPECT_FALSE(distance(table.bytes(), 1, 2).has_value());
}

TEST(Distances, OfAnotherSizeOrWithoutMeaningAreNotUsed) {
    const Table whole = slit(2, {10, 20, 20, 10});
    EXPECT_EQ(trouble_with_distances(whole), "");
    for (std::size_t length = 0; length < whole.bytes().size(); ++length)
        EXPECT_FALSE(check_distances(whole.bytes().first(length), *read(two_nodes())).has_value()) << length;
    for (const std::uint64_t count : {std::uint64_t{3}, std::uint64_t{1} << 32, ~std::uint64_t{0}})
        EXPECT_EQ(trouble_with_distances(slit(count, {10, 20, 20, 10})), "it is cut short");
    EXPECT_EQ(trouble_with_distances(slit(1, {10})), "it leaves a node out");
    EXPECT_EQ(trouble_with_distances(slit(2, {10, 10, 10, 10})), "a place is not nearer to itself than to others");
    EXPECT_EQ(trouble_with_distances(slit(2, {11, 20, 20, 10})), "a place is not nearer to itself than to others");
}

}  // namespace
}  // namespace basalt::acpi
