// Two vcpus of one guest at the same tables. Threads are CPUs here; what they do to each other differs each
// time.
#include <atomic>
#include <functional>
#include <thread>

#include "abi/xen.hpp"
#include "fakes/machine.hpp"
#include "world.hpp"

using namespace basalt;
using namespace basalt::paging;

namespace {

constexpr std::uint64_t flags = page_bit::present | page_bit::writable | page_bit::user;

// A small address space: one root, one table of each level, two pages.
struct Space {
    Space() : world(1, 20), domain(world.domain(1)) {
        for (auto& mfn : frames) mfn = *populate(domain, Pfn(1), {.from_reserve = true});
        for (unsigned level = 4; level > 1; --level) table_at(table(level))[3] = PageEntry::of(table(level - 1), flags).raw();
        table_at(table(1))[5] = PageEntry::of(page(0), flags).raw();
        table_at(table(1))[6] = PageEntry::of(table(1), page_bit::present).raw();
    }
    Mfn table(unsigned level) const { return frames[level]; }
    Mfn page(unsigned which) const { return which == 0 ? frames[0] : frames[5]; }

    World world;
    DomainMemory& domain;
    Mfn frames[6];
};

void on_two_cpus(const std::function<void(unsigned)>& work) {
    std::thread other([&] {
        fakes::cpu = CpuId(1);
        work(1);
    });
    work(0);
    other.join();
}

void settle(Space& space) {
    Budget budget(1 << 30);
    EXPECT_TRUE(finish_undoing(space.domain, budget));
    EXPECT_TRUE(space.world.consistent());
}

TEST(Race, ATableUnderCheckIsWaitedForAndNeverRefused) {
    Space space;
    std::atomic<unsigned> refused{0}, taken{0};
    on_two_cpus([&](unsigned) {
        for (unsigned i = 0; i < 3000; ++i) {
            Budget budget(i % 3 == 0 ? 600 : 100'000);
            const auto root = take_use(space.table(4), Use::l4_table, space.domain, budget);
            refused += root.refused() != nullptr ? 1 : 0;
            taken += root.done() ? 1 : 0;
            if (i % 2 == 0) finish_undoing(space.domain, budget);
        }
    });
    EXPECT_EQ(refused, 0U);
    EXPECT_GT(taken, 1000U);
    settle(space);
}

TEST(Race, OneEntryIsWrittenByBoth) {
    Space space;
    Budget budget;
    ASSERT_TRUE(pin(space.table(4), PageLevel(4), space.domain, budget).done());
    const std::uint64_t values[] = {0, PageEntry::of(space.page(0), flags).raw(), PageEntry::of(space.page(1), flags).raw(),
                                    PageEntry::of(space.page(0), page_bit::present).raw()};
    std::atomic<unsigned> refused{0};
    on_two_cpus([&](unsigned cpu) {
        TableHold table;
        for (unsigned i = 0; i < 20000; ++i) {
            Budget one;
            const auto ptr = physical_of(space.table(1)) | 5 * 8 | (i % 2 ? MMU_PT_UPDATE_PRESERVE_AD : 0);
            refused += update(table, ptr, values[(i * 7 + cpu) % 4], {&space.domain, &space.domain}, one).done() ? 0 : 1;
        }
    });
    EXPECT_EQ(refused, 0U);
    settle(space);
}

TEST(Race, APageIsATableForOneAndWritableForTheOther) {
    Space space;
    const Mfn mfn = space.table(1);
    table_at(mfn)[6] = 0;
    std::atomic<bool> in_use[2] = {};
    std::atomic<unsigned> both{0}, successes[2] = {};
    on_two_cpus([&](unsigned cpu) {
        // Each goes on until both have had their turns, however they are scheduled.
        while (successes[0] < 2000 || successes[1] < 2000) {
            Budget budget;
            FrameUse use;
            if (cpu == 0) {
                auto step = take_use(mfn, Use::l1_table, space.domain, budget);
                if (step.done()) use = *std::move(step);
            } else if (auto taken = take_writable(mfn, space.domain)) {
                use = std::move(*taken);
            }
            if (use) {
                ++successes[cpu];
                in_use[cpu] = true;
                both += in_use[1 - cpu] ? 1 : 0;
                in_use[cpu] = false;
            }
            use = FrameUse();
            finish_undoing(space.domain, budget);
        }
    });
    EXPECT_EQ(both, 0U);
    settle(space);
}

}    // namespace
