// Random guests: after every act the counts of all frames are what tables, pins and holders make them, and no
// CPU's stale translation can do harm; a refused act leaves no trace; in the end everything is free again.
#include <cstring>

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
    for (;;) {
        Budget budget(static_cast<std::int64_t>(world.upto(3)) * 600);
        if (finish_undoing(budget)) return;
    }
}

bool act(World& world, unsigned kind) {
    auto& domain = world.domain(static_cast<std::uint16_t>(1 + world.upto(2)));
    auto& other = world.upto(8) == 0 ? world.domain(static_cast<std::uint16_t>(1 + world.upto(2))) : domain;
    world.acting = domain.id;
    switch (kind) {
    case 0:
        world.scribble();
        return true;
    case 1: {
        const auto level = static_cast<unsigned>(1 + world.upto(4));
        const Mfn mfn = world.frame_for(level);
        return insist(world, [&](Budget& budget) { return pin(mfn, level, domain, budget); }).done();
    }
    case 2:
        return unpin(world.frame_for(static_cast<unsigned>(1 + world.upto(4))), domain).has_value();
    case 3: {
        const Mfn mfn = world.frame_for(4);
        auto root =
            insist(world, [&](Budget& budget) { return take_use(mfn, Use::l4_table, domain, budget); });
        if (!root.done()) return false;
        world.roots.push_back(std::move(root).value());
        return true;
    }
    case 4:
        if (world.roots.empty()) return false;
        std::swap(world.roots[world.upto(world.roots.size())], world.roots.back());
        world.roots.pop_back();
        return true;
    case 5:
    case 6:
    case 7: {
        const auto level = static_cast<unsigned>(1 + world.upto(4));
        const Mfn mfn = world.frame_for(level);
        const unsigned slot =
            world.upto(20) == 0 ? 260 : static_cast<unsigned>(world.upto(World::entries_used));
        const auto ptr = physical_of(mfn) | slot * 8 | (world.upto(3) == 0 ? MMU_PT_UPDATE_PRESERVE_AD : 0);
        const auto value = world.entry_for(level);
        TableHold table;
        return insist(world,
                      [&](Budget& budget) { return update(table, ptr, value, {&domain, &other}, budget); })
            .done();
    }
    case 8: {
        const Mfn mfn = world.any_frame();
        return decrease(domain, mfn, 0).has_value();
    }
    case 9:
        return populate(domain, Pfn(9), {.from_reserve = true}).has_value();
    case 10: {
        Exchange exchange(domain);
        for (int i = 0; i < 2; ++i)
            if (!exchange.give(world.any_frame(), 0)) return false;
        if (!exchange.want({.order = 1, .from_reserve = true}, Pfn(3))) return false;
        exchange.commit();
        return true;
    }
    case 11: {
        const Mfn mfn = world.frame_for(1);
        const unsigned width = 1U << world.upto(4);
        const auto offset =
            static_cast<unsigned>(world.upto(World::entries_used) * 8 + (width == 1 ? world.upto(8) : 0));
        std::uint64_t found = 0;
        std::memcpy(&found, static_cast<std::byte*>(contents(mfn)) + offset, width);
        auto wanted = width == 1 ? found ^ 2 : world.entry_for(1);
        return insist(world,
                      [&](Budget& budget) {
                          return emulate_table_write(mfn, offset, found, wanted, width, domain, budget);
                      })
            .done();
    }
    case 12: {
        if (world.roots.empty()) return false;
        const auto& root = world.roots[world.upto(world.roots.size())];
        std::uint64_t address = 0;
        world.acting = frame(root.mfn()).owner();
        for (unsigned level = 1; level <= 4; ++level)
            address |= world.upto(World::entries_used) << (3 + 9 * level);
        auto& owner = *domain_memory_of(frame(root.mfn()).owner());
        const auto value = world.entry_for(1);
        return insist(world,
                      [&](Budget& budget) {
                          return update_va_mapping(root.mfn(), address, value, {&owner, &owner}, budget);
                      })
            .done();
    }
    case 13:
        if (auto reference = FrameReference::take(world.any_frame(), domain.id);
            reference && world.references.size() < 5) {
            world.references.push_back(std::move(*reference));
            return true;
        }
        return false;
    case 14:
        if (!world.references.empty()) world.references.pop_back();
        return true;
    case 15:
        return take_descriptors(world.frame_for(0), domain).has_value();
    case 16:
        return clear_page(world.frame_for(0), domain).has_value();
    default:
        world.cache_something();
        return true;
    }
}

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
    unsigned done[20] = {};
    for (int i = 0; i < 20000; ++i) {
        const auto kind = static_cast<unsigned>(world.upto(20));
        done[kind] += act(world, kind) ? 1 : 0;
        if (i % 7 == 0) {
            drain(world);
            ASSERT_TRUE(world.consistent()) << "after " << i << " acts, the last of kind " << kind;
        }
    }
    for (unsigned kind = 0; kind < 17; ++kind) EXPECT_GT(done[kind], 0U) << kind;
    tear_down(world);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Fuzz, ::testing::Range(1U, 25U));

}    // namespace
