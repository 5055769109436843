// Frames remember the low half of the flush clock. Whatever the clock shows, and however long ago a frame was stamped
// before: who may know a translation of it flushes before it is something else.
#include <gtest/gtest.h>

#include <vector>

#include "fakes/machine.hpp"
#include "fakes/memory.hpp"
#include "memory/frame_reference.hpp"
#include "memory/reservation.hpp"
#include "translations/flush.hpp"

using namespace basalt;

namespace {

// A little before, at, and after each power of two that fits.
std::vector<FlushTime> around_powers_of_two(unsigned first = 0) {
    std::vector<FlushTime> times;
    for (unsigned power = first; power < 64; ++power)
        for (const std::int64_t away : {-3, -2, -1, 0, 1, 2})
            times.push_back((FlushTime{1} << power) + static_cast<std::uint64_t>(away));
    return times;
}

class FlushClock : public ::testing::Test {
protected:
    void flush(unsigned cpu) {
        fakes::cpu = CpuId(cpu);
        flush_here();
        fakes::cpu = CpuId(0);
    }
    void remember(unsigned cpu, Mfn mfn) { memory.cpu[cpu].cached.push_back({mfn, domain.id, true, false}); }
    FlushTime last_drop(Mfn mfn) { return frame(mfn).owner_word().epoch().latest(memory.clock); }
    bool remembers(unsigned cpu) { return !memory.cpu[cpu].cached.empty(); }

    fakes::Memory memory{16};
    DomainMemory& domain = memory.add_domain(1, 8);
    DomainMemory& other = memory.add_domain(2, 8);
};

// The CPU's page walker may still use what is not forgotten, whoever runs: nobody may count on a flush that is to come.
TEST_F(FlushClock, AFlushCountsOnceAllIsForgotten) {
    const auto told = [] { return translations_here().flushed_at.load(); };
    const FlushTime before = told();
    const FlushTime flushed = flush_by([&] { EXPECT_EQ(told(), before); });
    EXPECT_EQ(told(), flushed);
    forget_by_loading([&] { EXPECT_EQ(told(), flushed); });
}

TEST_F(FlushClock, AReadingIsNeverTakenForAnEarlierOne) {
    for (const FlushTime read : around_powers_of_two())
        for (const FlushTime later : around_powers_of_two()) {
            const FlushTime now = read + later;
            if (now < read) continue;
            const FlushTime latest = FlushEpoch(read).latest(now);
            ASSERT_GE(latest, read) << "as seen at " << now;
            ASSERT_LE(latest, now);
            ASSERT_EQ(FlushEpoch(latest), FlushEpoch(read));
            if (later < FlushTime{1} << 32) ASSERT_EQ(latest, read);
        }
}

TEST_F(FlushClock, AFrameIsStampedHoweverOldItsStampIs) {
    const Mfn mfn = *allocate_for(domain, {.from_reserve = true});
    for (const FlushTime stamped : around_powers_of_two())
        for (const FlushTime age : around_powers_of_two()) {
            if (stamped + age < stamped) continue;
            memory.clock = stamped;
            frame(mfn).stamp();
            memory.clock = stamped + age;
            const FlushTime dropped = memory.clock;
            frame(mfn).stamp();
            memory.clock = dropped + 5;
            ASSERT_EQ(last_drop(mfn), dropped) << "stamped at " << stamped;
        }
}

// Lists go through the same bits. What leaves one is stamped: a link might be a time long before.
TEST_F(FlushClock, NoLinkIsTakenForAStamp) {
    for (const bool committed : {false, true})
        for (const FlushTime start : around_powers_of_two(8)) {
            memory.clock = start;
            Mfn mine[2];
            for (auto& mfn : mine) mfn = *allocate_for(domain, {.from_reserve = true});
            Mfn extent[2];
            FlushTime left = 0;
            {
                Exchange exchange(domain);
                for (const auto mfn : mine) ASSERT_TRUE(exchange.give(mfn, 0));
                for (auto& mfn : extent) mfn = *exchange.want({.from_reserve = true}, Pfn(1));
                left = ++memory.clock;    // to find frames may have taken flushes, and so ticks
                if (committed) exchange.commit();
            }
            for (const auto mfn : {mine[0], mine[1], extent[0], extent[1]})
                ASSERT_EQ(last_drop(mfn), left) << mfn.raw << ", committed: " << committed;
            for (const auto mfn : committed ? extent : mine) ASSERT_TRUE(release_frame(domain, mfn));
        }
}

// A frame that is free is forgotten by its last owner, and by who else may have known it; nobody else is asked.
TEST_F(FlushClock, OnlyWhoMayKnowAFrameFlushesBeforeItIsGivenAway) {
    const TablesOf walkers[] = {{}, {domain.id, false}, {DomainId(5), false}, {DomainId(0), true}, TablesOf::either()};
    for (const Others others : {Others::none, Others::hardware, Others::anybody})
        for (const TablesOf walks : walkers) {
            const Mfn first = *allocate_for(domain, {.order = 3, .from_reserve = true});
            for (auto& cpu : memory.cpu) cpu.translations.walks = TablesOf();
            memory.cpu[1].translations.walks = walks;
            frame(first + 5).make_known_to(others);
            frame(first + 5).make_known_to(Others::none);
            remember(1, first + 5);
            for (unsigned which = 0; which < 8; ++which) ASSERT_TRUE(release_frame(domain, first + which));
            ASSERT_EQ(allocate_for(other, {.order = 3, .from_reserve = true}), first);
            EXPECT_EQ(remembers(1), !(Knowers{domain.id, others}.include(walks)));
            memory.cpu[1].cached.clear();
            for (unsigned which = 0; which < 8; ++which) ASSERT_TRUE(release_frame(other, first + which));
        }
}

// What Basalt has shared with a domain may have been mapped by anybody, for all that is noted afterwards. What it never
// shared nobody knows.
TEST_F(FlushClock, AFrameOfBasaltsIsForgottenWhereItWasShared) {
    for (const bool shared : {false, true}) {
        const Mfn mfn = *allocate_frames(4);
        for (auto& cpu : memory.cpu) cpu.translations.walks = TablesOf(DomainId(5), false);
        remember(1, mfn);
        if (shared) {
            frame(mfn).share_with(domain.id);
            frame(mfn).unshare();
            drop_use_and_reference(mfn);
        } else {
            free_frames(mfn);
        }
        for (unsigned which = 1; which < 16; ++which) free_frames(mfn + which);
        ASSERT_EQ(allocate_frames(4), mfn);
        EXPECT_EQ(remembers(1), !shared);
        memory.cpu[1].cached.clear();
        free_frames(mfn, 4);
    }
}

// Two neighbours become one extent of another domain's: the one was given back long ago, the other only now.
TEST_F(FlushClock, AnExtentIsGivenAwayWhenNobodyKnowsAnyFrameOfIt) {
    for (const unsigned late : {0U, 1U})
        for (const FlushTime start : around_powers_of_two(8))
            for (const FlushTime age : around_powers_of_two(28)) {
                if (start + age + 100 < start) continue;
                memory.clock = start;
                const Mfn first = *allocate_for(domain, {.order = 3, .from_reserve = true});
                const auto give_back = [&](unsigned which) { ASSERT_TRUE(release_frame(domain, first + which)); };
                for (unsigned which = 0; which < 8; ++which)
                    if (which != late) give_back(which);
                memory.clock += age;
                flush(0);
                remember(0, first + late);
                give_back(late);
                flush(1);
                remember(1, first + late);    // it may: it has flushed since
                const auto extent = allocate_for(other, {.order = 3, .from_reserve = true});
                ASSERT_EQ(extent, first);
                ASSERT_FALSE(remembers(0)) << "start " << start << ", age " << age;
                if (age + 10 < FlushTime{1} << 32) ASSERT_TRUE(remembers(1)) << "nobody is asked in vain";
                memory.cpu[1].cached.clear();
                for (unsigned which = 0; which < 8; ++which) ASSERT_TRUE(release_frame(other, first + which));
            }
}

}    // namespace
