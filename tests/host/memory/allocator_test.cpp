#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <set>

#include "fakes/memory.hpp"
#include "memory/bit_tree.hpp"
#include "memory/free_memory.hpp"
#include "memory/frame_reference.hpp"
#include "memory/heap.hpp"
#include "memory/m2p.hpp"
#include "memory/reservation.hpp"
#include "memory/whereabouts.hpp"

using namespace basalt;

namespace {

TEST(BitTree, AgreesWithASet) {
    std::mt19937 random(1);
    for (const std::uint64_t members : {1U, 63U, 64U, 65U, 4096U, 4097U, 300000U}) {
        std::vector<std::uint64_t> words(BitTree::words_for(members));
        BitTree tree(words, members);
        std::set<std::uint64_t> set;
        for (int i = 0; i < 3000; ++i) {
            const auto member = random() % members;
            if (random() % 3 == 0) {
                tree.remove(member);
                set.erase(member);
            } else {
                tree.add(member);
                set.insert(member);
            }
            const auto bound = random() % (members + 1);
            const auto at = set.lower_bound(bound);
            const auto expected = at == set.begin() ? std::nullopt : std::optional(*std::prev(at));
            ASSERT_EQ(tree.highest_below(bound), expected) << members << " " << bound;
            ASSERT_EQ(tree.has(bound % members), set.contains(bound % members));
        }
    }
}

TEST(Whereabouts, LeadToEveryFrameNotedAndPassOverPartsWithoutOne) {
    std::mt19937_64 random(3);
    for (const std::uint64_t machine : {1U, 64U, 4096U, 4097U, 524288U, 1U << 26, (1U << 26) + 1, 0x4321'0000U}) {
        const std::uint64_t part = std::bit_ceil((machine + 4095) / 4096);
        Whereabouts whereabouts;
        std::set<std::uint64_t> parts;
        EXPECT_EQ(whereabouts.first_from(Mfn(0), Mfn(machine)), Mfn(machine));
        for (int i = 0; i < 30; ++i) {
            const std::uint64_t first = random() % machine,
                                frames = 1 + random() % std::min<std::uint64_t>(machine - first, 3 * part);
            whereabouts.note(Mfn(first), frames, Mfn(machine));
            for (std::uint64_t each = first / part; each <= (first + frames - 1) / part; ++each) parts.insert(each);
        }
        for (int i = 0; i < 300; ++i) {
            const std::uint64_t from = random() % (machine + 1);
            const auto next = parts.lower_bound(from / part);
            const std::uint64_t expected = from == machine || next == parts.end() ? machine : std::max(from, *next * part);
            ASSERT_EQ(whereabouts.first_from(Mfn(from), Mfn(machine)).raw, expected) << machine << " from " << from;
        }
    }
}

TEST(Allocator, TakenFramesAreNotGivenOutAndEverythingComesBack) {
    fakes::Memory memory(4096, {{Mfn(300), Mfn(400)}, {Mfn(1000), Mfn(1001)}});
    const auto all = free_counts();
    EXPECT_EQ(all.total, 4096U);
    EXPECT_EQ(all.free, 4096U - 101);
    std::mt19937 random(2);
    std::vector<std::pair<Mfn, unsigned>> mine;
    std::set<std::uint64_t> used;
    for (int i = 0; i < 2000; ++i) {
        if (random() % 2 == 0 || mine.empty()) {
            const unsigned order = random() % 6;
            const auto got = allocate_frames(order);
            if (!got) continue;
            EXPECT_EQ(got->raw % (1U << order), 0U);
            for (std::uint64_t f = 0; f < 1U << order; ++f) {
                ASSERT_TRUE(used.insert(got->raw + f).second);
                ASSERT_TRUE((got->raw + f < 300 || got->raw + f >= 400) && got->raw + f != 1000);
            }
            mine.emplace_back(*got, order);
        } else {
            std::swap(mine[random() % mine.size()], mine.back());
            const auto [first, order] = mine.back();
            mine.pop_back();
            for (std::uint64_t f = 0; f < 1U << order; ++f) used.erase(first.raw + f);
            free_frames(first, order);
        }
        ASSERT_EQ(free_counts().free, all.free - used.size());
    }
    for (const auto& [first, order] : mine) free_frames(first, order);
    EXPECT_EQ(free_counts().free, all.free);
    EXPECT_TRUE(allocate_frames(10).has_value());    // merged again
}

TEST(Allocator, AddressBitsAreObeyedAndTheReserveIsKept) {
    const std::uint64_t four_gib = 1 << 20;
    fakes::Memory memory(four_gib + 65536);
    auto& domain = memory.add_domain(1, ~0ULL);
    const auto first = allocate_for(domain, {.as_found = true});
    EXPECT_GE(first->raw, four_gib);    // what has no need to be low is not
    const auto low = allocate_for(domain, {.order = 6, .address_bits = 30, .from_reserve = true});
    EXPECT_LT(low->raw + 64, 1U << 18);
    EXPECT_FALSE(allocate_for(domain, {.address_bits = 12}).has_value());
    EXPECT_FALSE(allocate_for(domain, {.address_bits = 0}).has_value());
    while (allocate_for(domain, {.order = 9, .as_found = true})) {}
    const auto left = free_counts().free_below_4g;
    constexpr std::uint64_t reserve = 32768;    // 128 MiB, and less than a sixteenth
    EXPECT_GE(left, reserve);
    EXPECT_LT(left, reserve + 1024);
    EXPECT_EQ(free_counts().reserved, reserve);
    EXPECT_EQ(free_counts().for_guests(), free_counts().free - reserve);
    EXPECT_TRUE(allocate_for(domain, {.order = 9, .from_reserve = true, .as_found = true}).has_value());
}

TEST(Allocator, FramesAreScrubbedAndFlushedBeforeTheyChangeOwner) {
    fakes::Memory memory(4);
    auto& one = memory.add_domain(1, 4);
    auto& other = memory.add_domain(2, 4);
    Mfn mine[4];
    for (auto& mfn : mine) std::memset(contents(mfn = *allocate_for(one, {.from_reserve = true})), 0xaa, page_size);
    for (auto& cpu : memory.cpu) cpu.cached.push_back({mine[0], DomainId(1), true, false});
    for (const auto mfn : mine) EXPECT_TRUE(release_frame(one, mfn));
    EXPECT_FALSE(release_frame(one, mine[0]));
    EXPECT_EQ(one.total, 0U);
    const Mfn theirs = *allocate_for(other, {.from_reserve = true});
    EXPECT_TRUE(memory.cpu[0].cached.empty() && memory.cpu[1].cached.empty());
    const auto* bytes = static_cast<const std::byte*>(contents(theirs));
    for (std::size_t i = 0; i < page_size; ++i) ASSERT_EQ(bytes[i], std::byte{0});
}

TEST(Allocator, AMappedFrameOutlivesItsRelease) {
    fakes::Memory memory(64);
    auto& domain = memory.add_domain(1, 4);
    const Mfn mfn = *allocate_for(domain, {});
    auto reference = FrameReference::take(mfn, domain.id);
    EXPECT_FALSE(FrameReference::take(mfn, DomainId(2)).has_value());
    EXPECT_TRUE(release_frame(domain, mfn));
    EXPECT_EQ(domain.total, 1U);
    *reference = FrameReference();
    EXPECT_EQ(domain.total, 0U);
    EXPECT_EQ(frame(mfn).owner(), owner_nobody);
}

TEST(Allocator, AClaimIsKeptForItsDomain) {
    fakes::Memory memory(64);
    auto& one = memory.add_domain(1, 64);
    auto& other = memory.add_domain(2, 64);
    const auto counts = free_counts();
    ASSERT_GT(counts.reserved, 1U);
    EXPECT_FALSE(claim(one, counts.for_guests() + 1).has_value());    // the reserve is nobody's to claim
    EXPECT_TRUE(claim(one, counts.for_guests()).has_value());
    EXPECT_FALSE(allocate_for(other, {}).has_value());
    EXPECT_FALSE(claim(other, 1).has_value());
    // Dom0's devices may have the reserve meanwhile, and no more; what is claimed is served all the same.
    for (auto left = counts.reserved; left != 0; --left) EXPECT_TRUE(allocate_for(other, {.from_reserve = true}));
    EXPECT_FALSE(allocate_for(other, {.from_reserve = true}).has_value());
    EXPECT_TRUE(allocate_for(one, {.order = 3}).has_value());
    EXPECT_EQ(one.claimed, counts.for_guests() - 8);
    while (one.claimed != 0) ASSERT_TRUE(allocate_for(one, {}).has_value());
    EXPECT_EQ(free_counts().free, 0U);
}

TEST(Allocator, AClaimGivenUpIsForEverybody) {
    fakes::Memory memory(64);
    auto& one = memory.add_domain(1, 64);
    auto& other = memory.add_domain(2, 64);
    EXPECT_TRUE(claim(one, free_counts().for_guests()).has_value());
    EXPECT_TRUE(claim(one, 0).has_value());
    EXPECT_TRUE(allocate_for(other, {}).has_value());
}

TEST(Exchange, IsAllOrNothing) {
    fakes::Memory memory(256);
    auto& domain = memory.add_domain(1, 64);
    Mfn mine[8];
    for (auto& mfn : mine) mfn = *populate(domain, Pfn(7), {.from_reserve = true});
    const auto free = free_counts().free;
    {
        Exchange exchange(domain);
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(exchange.give(mine[i], 0));
        EXPECT_EQ(exchange.give(mine[0], 0).error(), Error::invalid);    // nobody holds it any more
        EXPECT_FALSE(FrameReference::take(mine[0], domain.id));
        EXPECT_TRUE(exchange.want({.order = 2, .address_bits = 21, .from_reserve = true}, Pfn(40)));
    }
    EXPECT_EQ(free_counts().free, free);
    EXPECT_TRUE(FrameReference::take(mine[0], domain.id));
    EXPECT_EQ(m2p_of(mine[0]), 7U);
    {
        const auto mapped = FrameReference::take(mine[1], domain.id);
        Exchange exchange(domain);
        EXPECT_EQ(exchange.give(mine[1], 0).error(), Error::busy);
    }
    Exchange exchange(domain);
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(exchange.give(mine[i], 0));
    const Mfn extent = *exchange.want({.order = 2, .address_bits = 21, .from_reserve = true}, Pfn(40));
    exchange.commit();
    EXPECT_LE(extent.raw + 4, 1U << 9);
    EXPECT_EQ(free_counts().free, free);
    EXPECT_EQ(domain.total, 8U);
    for (std::uint64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(m2p_of(extent + i), 40 + i);
        EXPECT_EQ(frame(extent + i).owner(), domain.id);
        EXPECT_EQ(m2p_of(mine[i]), m2p_invalid);
    }
    for (int i = 4; i < 8; ++i) EXPECT_TRUE(decrease(domain, mine[i], 0));
    EXPECT_TRUE(decrease(domain, extent, 2));
    EXPECT_EQ(domain.total, 0U);
}

std::uint64_t sum(const NodeCounts& counts) {
    std::uint64_t all = 0;
    for (const auto count : counts) all += count;
    return all;
}

// Of its nodes the highest that has any, and of any when they have none.
TEST(Nodes, ADomainsFramesComeFromItsNodesWhileTheyHaveAny) {
    fakes::Memory memory(4096);
    DomainMemory& domain = memory.add_domain(1, 4096);
    const Mfn first_border = memory.begin() + 100, second_border = first_border + 100;
    const FrameSpan nodes[] = {{Mfn(0), first_border}, {first_border, second_border}, {second_border, memory.end()}};
    divide_memory(nodes);
    domain.nodes = 0b011;
    for (unsigned frames = 0; frames < 100; ++frames) {
        const Mfn mfn = *allocate_for(domain, {});
        ASSERT_TRUE(mfn >= first_border && mfn < second_border);
    }
    const auto others = node_counts()[2];
    for (auto left = node_counts()[0]; left != 0; --left) ASSERT_LT(*allocate_for(domain, {}), first_border);
    ASSERT_EQ(node_counts()[2], others);
    EXPECT_TRUE(allocate_for(domain, {}));
    domain.nodes = 1ULL << 63;      // there is none of it
    EXPECT_TRUE(allocate_for(domain, {}));
}

// What is kept is taken off where it lies.
TEST(Nodes, FreeFramesAreCountedByNodeAndNoBlockIsOfTwo) {
    fakes::Memory memory(4096);
    const Mfn border(1001);
    const FrameSpan nodes[] = {{border, memory.end()}, {}, {Mfn(0), border}};     // numbered as firmware likes it
    const auto early = *allocate_frames(9);     // from before anybody knew of nodes
    EXPECT_LT(early.raw, memory.end().raw);
    divide_memory(nodes);
    free_frames(early, 9);
    const auto all = node_counts();
    EXPECT_EQ(sum(all), free_counts().for_guests());
    EXPECT_EQ(all[0], memory.end() - border);
    EXPECT_EQ(all[1], 0U);
    EXPECT_EQ(all[2], border - memory.begin() - free_counts().reserved);
    std::mt19937 random(3);
    std::vector<std::pair<Mfn, unsigned>> mine;
    for (int i = 0; i < 2000; ++i) {
        if (random() % 2 == 0 || mine.empty()) {
            const unsigned order = random() % 6;
            const auto got = allocate_frames(order);
            if (!got) continue;
            ASSERT_EQ(*got < border, *got + ((1U << order) - 1) < border);
            mine.emplace_back(*got, order);
        } else {
            std::swap(mine[random() % mine.size()], mine.back());
            free_frames(mine.back().first, mine.back().second);
            mine.pop_back();
        }
        ASSERT_EQ(sum(node_counts()), free_counts().for_guests());
    }
    for (const auto& [first, order] : mine) free_frames(first, order);
    EXPECT_EQ(node_counts(), all);
    const FrameSpan around[] = {{Mfn(512), Mfn(1536)}};
    for (auto mfn = around[0].begin; mfn < around[0].end; ++mfn)
        if (const auto block = free_block_below(mfn + 1, 9)) {
            ASSERT_FALSE(block->raw < border.raw && border.raw < block->raw + 512);
        }
}

TEST(Nodes, WhatWasTakenInOnePieceComesBackToBoth) {
    fakes::Memory memory(4096);
    std::vector<Mfn> all;
    while (const auto block = allocate_frames(9)) all.push_back(*block);
    const FrameSpan nodes[] = {{Mfn(0), Mfn(2100)}, {Mfn(2100), memory.end()}};
    divide_memory(nodes);
    const auto before = node_counts();
    for (const Mfn block : all) free_frames(block, 9);
    const auto after = node_counts();
    EXPECT_EQ(sum(after), free_counts().for_guests());
    EXPECT_GT(after[0], before[0]);
    EXPECT_EQ(after[1], memory.end() - Mfn(2100));
}

struct Sized {
    std::uint64_t first = 1;
    std::byte rest[700]{};
};

TEST(Heap, ObjectsAreZeroedApartAndGiveTheirFramesBack) {
    fakes::Memory memory(256);
    const auto free = free_counts().free;
    {
        std::vector<Owned<Sized>> objects;
        for (int i = 0; i < 100; ++i) objects.push_back(*create<Sized>());
        for (auto& object : objects) object->first = 2;
        auto big = create<std::array<std::byte, 10000>>();
        EXPECT_TRUE(big);
        std::set<void*> small;
        for (int i = 0; i < 200; ++i) {
            void* const memory_of = *allocate_bytes(48);
            EXPECT_EQ(*static_cast<std::uint64_t*>(memory_of), 0U);
            std::memset(memory_of, 0xff, 48);
            EXPECT_TRUE(small.insert(memory_of).second);
        }
        for (void* each : small) free_bytes(each, 48);
    }
    EXPECT_EQ(free_counts().free, free);
}

// On a machine with memory above 4 GiB: what lies below is for devices, too.
TEST(FreeMemory, WhatIsKeptBelow4GibIsNobodysWhoOnlyWantsLowAddresses) {
    constexpr std::uint64_t four_gib = std::uint64_t{1} << 20, above = 1U << 12, below = 1U << 12;    // frames
    std::vector<std::uint64_t> words(FreeMemory::words_for(Mfn(four_gib + above)));
    FreeMemory free;
    free.start(Mfn(four_gib + above), words);
    free.manage(above + below, below);
    free.add(Mfn(four_gib - below), 12);
    free.add(Mfn(four_gib), 12);
    const auto kept = free.counts().reserved;
    ASSERT_GT(kept, 0U);
    std::uint64_t low = 0;
    while (free.take({.address_bits = 32}, 0)) ++low;
    EXPECT_EQ(low, below - kept);
    EXPECT_TRUE(free.take({.address_bits = 32, .from_reserve = true}, 0));
    EXPECT_TRUE(free.take({}, 0));
}

}    // namespace
