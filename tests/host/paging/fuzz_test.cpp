// Random guests: after every act the counts of all frames are what tables, pins and holders make them, and no
// CPU's stale translation can do harm; a refused act leaves no trace; in the end everything is free again.
#include <cstring>

#include "abi/xen.hpp"
#include "world.hpp"

using namespace basalt;
using namespace basalt::paging;

namespace {

// Again is followed up most times; sometimes the guest does not come back.
template <typename Act>
auto insist(World& world, Act act) {
    for (;;) {
        Budget budget(static_cast<std::int64_t>(world.upto(4)) * 700 - 100);
        auto step = act(budget);
        if (step.again() == nullptr || world.upto(8) == 0) return step;
    }
}

void drain(World& world) {
    for (const auto& [id, domain] : world.memory.domains)
        for (bool done = false; !done;) {
            Budget budget(static_cast<std::int64_t>(world.upto(3)) * 600);
            done = finish_undoing(*domain, budget);
        }
}

// A guest at work, and once in a while the privileged one names the other domain's pages.
struct Guest {
    explicit Guest(World& of)
        : world(of), domain(any_domain()), other(domain.hardware && world.upto(8) == 0 ? any_domain() : domain) {
        world.acting = domain.id;
    }
    DomainMemory& any_domain() { return world.domain(static_cast<std::uint16_t>(1 + world.upto(2))); }
    unsigned any_level() { return static_cast<unsigned>(1 + world.upto(4)); }

    World& world;
    DomainMemory& domain;
    DomainMemory& other;
};

bool scribbles(Guest& guest) {
    guest.world.scribble();
    return true;
}

bool pins(Guest& guest) {
    const auto level = guest.any_level();
    const Mfn mfn = guest.world.frame_for(level);
    return insist(guest.world, [&](Budget& budget) { return pin(mfn, PageLevel(level), guest.domain, budget); }).done();
}

bool unpins(Guest& guest) { return unpin(guest.world.frame_for(guest.any_level()), guest.domain).has_value(); }

bool loads_a_root(Guest& guest) {
    auto& world = guest.world;
    const Mfn mfn = world.frame_for(4);
    auto root = insist(world, [&](Budget& budget) { return take_use(mfn, Use::l4_table, guest.domain, budget); });
    if (!root.done()) return false;
    world.roots.push_back(*std::move(root));
    return true;
}

bool leaves_a_root(Guest& guest) {
    auto& roots = guest.world.roots;
    if (roots.empty()) return false;
    std::swap(roots[guest.world.upto(roots.size())], roots.back());
    roots.pop_back();
    return true;
}

bool updates_an_entry(Guest& guest) {
    auto& world = guest.world;
    const auto level = guest.any_level();
    const Mfn mfn = world.frame_for(level);
    const auto slot = world.upto(20) == 0 ? 260 : world.upto(World::entries_used);
    const auto ptr = physical_of(mfn) | slot * 8 | (world.upto(3) == 0 ? MMU_PT_UPDATE_PRESERVE_AD : 0);
    const auto value = world.entry_for(level);
    TableHold table;
    return insist(world,
                  [&](Budget& budget) { return update(table, ptr, value, {&guest.domain, &guest.other}, budget).as_step(); })
        .done();
}

bool lets_a_frame_go(Guest& guest) { return decrease(guest.domain, guest.world.any_frame(), 0).has_value(); }

bool asks_for_a_frame(Guest& guest) { return populate(guest.domain, Pfn(9), {.from_reserve = true}).has_value(); }

bool exchanges_two_frames(Guest& guest) {
    Exchange exchange(guest.domain);
    for (int i = 0; i < 2; ++i)
        if (!exchange.give(guest.world.any_frame(), 0)) return false;
    if (!exchange.want({.order = 1, .from_reserve = true}, Pfn(3))) return false;
    exchange.commit();
    return true;
}

Step<bool> store(Guest& guest, Mfn mfn, unsigned index, std::uint64_t entry, bool whole, Budget& budget) {
    TableHold table;
    const auto held = table.hold(mfn, guest.domain);
    if (held.again()) return Again{};
    if (!held.done() || table.use() != Use::l1_table) return false;
    const PageEntry found = table.entry(index);
    return exchange_entry(table, index, found, PageEntry(whole ? entry : found.raw() ^ page_bit::writable), guest.domain,
                          budget);
}

bool stores_to_a_table(Guest& guest) {
    auto& world = guest.world;
    const Mfn mfn = world.frame_for(1);
    const auto index = static_cast<unsigned>(world.upto(World::entries_used));
    const bool whole = world.upto(4) != 0;
    const auto entry = world.entry_for(1);
    return insist(world, [&](Budget& budget) { return store(guest, mfn, index, entry, whole, budget); }).done();
}

bool updates_a_mapping(Guest& guest) {
    auto& world = guest.world;
    if (world.roots.empty()) return false;
    const auto& root = world.roots[world.upto(world.roots.size())];
    std::uint64_t address = 0;
    world.acting = frame(root.mfn()).owner();
    for (unsigned level = 1; level <= 4; ++level) address |= world.upto(World::entries_used) << (3 + 9 * level);
    auto& owner = *domain_memory_of(frame(root.mfn()).owner());
    const auto value = world.entry_for(1);
    return insist(world,
                  [&](Budget& budget) { return update_va_mapping(root.mfn(), address, value, {&owner, &owner}, budget); })
        .done();
}

bool takes_a_reference(Guest& guest) {
    auto reference = FrameReference::take(guest.world.any_frame(), guest.domain.id);
    if (!reference || guest.world.references.size() >= 5) return false;
    guest.world.references.push_back(std::move(*reference));
    return true;
}

bool drops_a_reference(Guest& guest) {
    if (!guest.world.references.empty()) guest.world.references.pop_back();
    return true;
}

bool loads_descriptors(Guest& guest) { return take_descriptors(guest.world.frame_for(0), guest.domain).has_value(); }

bool clears_a_page(Guest& guest) { return clear_page(guest.world.frame_for(0), guest.domain).has_value(); }

bool remembers_a_translation(Guest& guest) {
    guest.world.cache_something();
    return true;
}

// What is done most is here most often.
constexpr bool (*const acts[])(Guest&) = {
    scribbles,
    pins,
    unpins,
    loads_a_root,
    leaves_a_root,
    updates_an_entry,
    updates_an_entry,
    updates_an_entry,
    lets_a_frame_go,
    asks_for_a_frame,
    exchanges_two_frames,
    stores_to_a_table,
    updates_a_mapping,
    takes_a_reference,
    drops_a_reference,
    loads_descriptors,
    clears_a_page,
    remembers_a_translation,
    remembers_a_translation,
    remembers_a_translation,
};

void tear_down(World& world) {
    world.roots.clear();
    world.references.clear();
    for (std::uint16_t id = 1; id <= 2; ++id)
        for (std::uint64_t cursor = 0;;) {
            Budget budget(300);
            const auto step = release_all(world.domain(id), cursor, budget);
            ASSERT_EQ(step.refused(), nullptr);
            if (step.done()) break;
            cursor = step.again()->cursor;
        }
    drain(world);
    EXPECT_TRUE(world.consistent());
    for (std::uint16_t id = 1; id <= 2; ++id) EXPECT_EQ(world.domain(id).total, 0U);
    EXPECT_EQ(free_counts().free, world.initially_free);
}

class Fuzz : public ::testing::TestWithParam<unsigned> {};

TEST_P(Fuzz, CountsStayTrueAndEverythingComesBack) {
    World world(GetParam());
    world.wildness = GetParam() % 2 == 0 ? 30 : 300;
    unsigned done[std::size(acts)] = {};
    for (int i = 0; i < 20000; ++i) {
        const auto kind = world.upto(std::size(acts));
        Guest guest(world);
        done[kind] += acts[kind](guest) ? 1 : 0;
        if (i % 7 == 0) {
            drain(world);
            ASSERT_TRUE(world.consistent()) << "after " << i << " acts, the last of kind " << kind;
        }
    }
    for (unsigned kind = 0; kind < std::size(acts); ++kind) EXPECT_GT(done[kind], 0U) << kind;
    tear_down(world);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Fuzz, ::testing::Range(1U, 25U));

}    // namespace
