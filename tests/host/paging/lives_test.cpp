// Single promises of the page rules, one story each: when a use ends for all CPUs, and what takes many steps.
#include <algorithm>

#include "story.hpp"
#include "translations/flush.hpp"

using namespace basalt;
using namespace basalt::paging;

namespace {

TEST_F(Story, AnotherUseWaitsForTheFlushAndTheSameUseDoesNot) {
    { ASSERT_TRUE(take_writable(page(1), domain).has_value()); }
    auto flushes = world.memory.flushes.load();
    { ASSERT_TRUE(take_writable(page(1), domain).has_value()); }
    EXPECT_EQ(world.memory.flushes, flushes);
    Budget budget;
    {
        auto use = take_use(page(1), Use::l1_table, domain, budget);
        EXPECT_EQ(world.memory.flushes, flushes + fakes::cpus);
    }
    EXPECT_TRUE(finish_undoing(domain, budget));
    flushes = world.memory.flushes;
    { ASSERT_TRUE(take_writable(page(1), domain).has_value()); }
    EXPECT_EQ(world.memory.flushes, flushes + fakes::cpus);
}

// Who was asked to flush by this, one bit a CPU.
template <typename Act>
unsigned asked(World& world, Act act) {
    FlushTime before[fakes::cpus];
    for (unsigned cpu = 0; cpu < fakes::cpus; ++cpu) before[cpu] = world.memory.cpu[cpu].translations.flushed_at;
    act();
    unsigned who = 0;
    for (unsigned cpu = 0; cpu < fakes::cpus; ++cpu)
        who |= (world.memory.cpu[cpu].translations.flushed_at != before[cpu] ? 1U : 0U) << cpu;
    return who;
}

// A page becomes a table after somebody had it mapped writable. Only who may know it forgets.
TEST_F(Story, WhoNeverSawAPageDoesNotFlushForIt) {
    DomainMemory& hardware = domain;
    DomainMemory& plain = world.domain(2);
    DomainMemory& third = world.memory.add_domain(3, 0);
    const struct {
        DomainMemory *walk[2], *tables, *owner;
        bool granted;
        unsigned asked;
    } stories[] = {
        {{&plain, &hardware}, &plain, &plain, false, 0b01},
        {{&third, &third}, &plain, &plain, false, 0b00},
        {{&third, nullptr}, &hardware, &hardware, false, 0b00},
        {{&third, &hardware}, &hardware, &plain, false, 0b10},      // who has the hardware has mapped it
        {{&plain, &hardware}, &hardware, &plain, false, 0b11},
        {{&third, nullptr}, &plain, &hardware, false, 0b01},        // one without it has: anybody may have
        {{&third, &plain}, &plain, &hardware, true, 0b00},          // by a grant, for whose end it has flushed
    };
    for (const auto& story : stories) {
        const Mfn mfn = *populate(*story.owner, Pfn(1), {.from_reserve = true});
        const Mfn table = *populate(*story.tables, Pfn(2), {.from_reserve = true});
        Budget budget;
        ASSERT_TRUE(pin(table, PageLevel(1), *story.tables, budget).done());
        for (unsigned cpu = 0; cpu < 2; ++cpu) {
            fakes::cpu = CpuId(cpu);
            if (story.walk[cpu] != nullptr)
                world.enter_tables_of(story.walk[cpu]->id);
            else
                walk_tables_of({}, [] {});
        }
        fakes::cpu = CpuId(0);
        {
            TableHold hold;
            ASSERT_TRUE(hold.hold(table, *story.tables).done());
            const Parties parties{story.tables, story.owner, story.granted};
            for (const PageEntry entry : {PageEntry::of(mfn, flags), PageEntry()})
                ASSERT_TRUE(set_entry(hold, 0, entry, AccessedDirty::as_given, parties, budget).done());
        }
        const auto who = asked(world, [&] { ASSERT_TRUE(take_use(mfn, Use::l1_table, *story.owner, budget).done()); });
        EXPECT_EQ(who, story.asked) << "story " << &story - stories;
        EXPECT_TRUE(unpin(table, *story.tables));
        Budget ample(1 << 30);
        EXPECT_TRUE(finish_undoing(*story.tables, ample));
    }
}

// However long it was writable, and whatever the clock shows: the stamp of the time before says nothing.
TEST_F(Story, APageThatBecomesATableIsForgottenByWhoCouldWriteIt) {
    for (unsigned power = 8; power < 63; ++power)
        for (const std::int64_t away : {-3, -2, -1, 0, 1, 2}) {
            const FlushTime age = (FlushTime{1} << power) + static_cast<std::uint64_t>(away);
            for (const FlushTime start : {FlushTime{100}, (FlushTime{1} << 31) - 2, (FlushTime{1} << 32) - 2}) {
                world.memory.clock = start;
                ASSERT_TRUE(take_writable(page(1), domain).has_value());    // and stamped, as it is dropped
                {
                    const auto writable = take_writable(page(1), domain);
                    world.memory.clock += age;
                    flush_here();
                    world.memory.cpu[0].cached = {{page(1), domain.id, true, false}};
                }
                Budget budget;
                const auto use = take_use(page(1), Use::l1_table, domain, budget);
                ASSERT_TRUE(use.done());
                ASSERT_TRUE(world.memory.cpu[0].cached.empty()) << "start " << start << ", age " << age;
            }
            settle();
        }
}

TEST_F(Story, ABigTreeIsCheckedAndUndoneStepByStep) {
    for (unsigned which = 1; which <= 3; ++which) table_at(table(2))[10 + which] = PageEntry::of(page(which), flags).raw();
    Budget small(0);
    unsigned steps = 0;
    for (;; ++steps) {
        Budget budget(1);
        const auto step = pin(table(4), PageLevel(4), domain, budget);
        if (step.done()) break;
        ASSERT_NE(step.again(), nullptr);
        ASSERT_TRUE(world.consistent()) << steps;
        ASSERT_LT(steps, 20U);
    }
    EXPECT_GT(steps, 1U);
    ASSERT_TRUE(unpin(table(4), domain).has_value());
    EXPECT_FALSE(finish_undoing(domain, small));
    for (steps = 0;; ++steps) {
        Budget budget(1);
        if (finish_undoing(domain, budget)) break;
        ASSERT_LT(steps, 20U);
    }
    EXPECT_GT(steps, 1U);
    settle();
    EXPECT_FALSE(unpin(table(4), domain).has_value());
}

TEST_F(Story, TablesWaitForTheirOwnDomain) {
    auto& other = world.domain(2);
    ASSERT_TRUE(pinned(4).done());
    ASSERT_TRUE(unpin(table(4), domain).has_value());
    EXPECT_EQ(world.memory.undoing_due, 1U);
    Budget budget;
    EXPECT_TRUE(finish_undoing(other, budget));
    EXPECT_FALSE(domain.to_undo.empty());
    EXPECT_TRUE(frame(table(4)).word().users() == 1 && !frame(table(4)).word().checked());
    EXPECT_TRUE(finish_undoing(domain, budget));
    EXPECT_EQ(world.memory.undoing_due, 4U);
    settle();
}

// Nobody works on the list but whoever needs one of its tables: a bounded step each time, and then it has it.
TEST_F(Story, ATableThatWaitsIsHadByWhoeverNeedsIt) {
    constexpr unsigned many = 20;
    domain.most = 200;
    std::vector<Mfn> tables;
    for (unsigned i = 0; i < many; ++i) {
        tables.push_back(*populate(domain, Pfn(i), {.from_reserve = true}));
        Budget budget;
        ASSERT_TRUE(pin(tables.back(), PageLevel(1), domain, budget).done());
    }
    for (const Mfn mfn : tables) ASSERT_TRUE(unpin(mfn, domain).has_value());
    const auto still_waiting = [&] {
        return std::ranges::count_if(tables, [](Mfn mfn) { return frame(mfn).word().users() != 0; });
    };
    EXPECT_EQ(still_waiting(), many);
    unsigned attempts = 1;
    for (;; ++attempts) {
        const auto taken = take_writable(tables.front(), domain);
        if (taken) break;
        ASSERT_EQ(taken.error(), Error::again);
        ASSERT_LE(attempts, many);
    }
    EXPECT_GT(attempts, many / 2);
    settle();
}

}    // namespace
