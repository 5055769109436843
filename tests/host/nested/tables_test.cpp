// Nested tables against a list of what they ought to say, with the audit of all frames after each act.
#include "nested/tables.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

#include "fakes/machine.hpp"
#include "fakes/memory.hpp"
#include "memory/reservation.hpp"
#include "paging/take.hpp"

namespace basalt::nested {
namespace {

constexpr std::uint64_t pool = 40;
constexpr Pfn far_apart[] = {Pfn(0),       Pfn(1),       Pfn(511),        Pfn(512),           Pfn(1 << 18),
                             Pfn(1 << 27), Pfn(0xfeff8), Pfn(0xfffff000), Pfn(most_pages - 1)};

class NestedTables : public ::testing::TestWithParam<Format> {
protected:
    NestedTables() {
        initially_free = free_counts().free;
        for (std::uint16_t id : {1, 2}) memory.add_domain(id, 200);
        EXPECT_TRUE(give(pool).done());
    }
    ~NestedTables() override {
        clear();
        for (auto& [id, domain] : memory.domains)
            for (const Mfn mfn : owned[id]) EXPECT_TRUE(release_frame(*domain, mfn));
        EXPECT_EQ(free_counts().free, initially_free);
    }

    Step<> give(std::uint64_t frames) {
        paging::Budget budget;
        return tables.set_pool(frames, budget);
    }
    void clear() {
        Step<> step = Again{};
        while (step.again() != nullptr) {
            paging::Budget budget(1);
            step = tables.clear(budget);
        }
        EXPECT_TRUE(step.done());
        EXPECT_EQ(tables.root(), no_mfn);
    }
    Mfn new_frame(std::uint16_t id = 1) {
        const Mfn mfn = *populate(*memory.domains.at(id), Pfn(7), {.from_reserve = true});
        owned[id].push_back(mfn);
        return mfn;
    }
    Result<> map(Pfn page, Mfn mfn, Access access, std::uint16_t id = 1) {
        if (access == Access::read) return tables.map(page, *FrameReference::take(mfn, DomainId(id)));
        return tables.map(page, *paging::take_writable(mfn, *memory.domains.at(id)));
    }
    ::testing::AssertionResult consistent() {
        std::vector<paging::Expected> expected(memory.end().raw);
        paging::Audit audit(expected);
        tables.count_frames(audit);
        audit.count_free_blocks();
        audit.count_tables_and_holds();
        const auto wrong = audit.first_finding();
        if (!wrong) return ::testing::AssertionSuccess();
        return ::testing::AssertionFailure() << wrong->kind << " " << wrong->number << ": " << wrong->what << ": found "
                                             << wrong->found << ", expected " << wrong->expected;
    }

    fakes::Memory memory{1000};
    std::uint64_t initially_free = 0;
    std::map<std::uint16_t, std::vector<Mfn>> owned;
    Tables tables{GetParam(), DomainId(1)};
};

TEST_P(NestedTables, APageIsWhatWasMappedThereLast) {
    for (const Pfn page : far_apart) {
        EXPECT_FALSE(tables.find(page).present());
        const Mfn first = new_frame(), second = new_frame();
        EXPECT_TRUE(map(page, first, Access::write));
        EXPECT_TRUE(tables.find(page).present() && tables.find(page).writable());
        EXPECT_EQ(tables.find(page).mfn(), first);
        EXPECT_TRUE(map(page, second, Access::read));
        EXPECT_TRUE(tables.find(page).present() && !tables.find(page).writable());
        EXPECT_EQ(tables.find(page).mfn(), second);
        EXPECT_TRUE(consistent());
        EXPECT_EQ(tables.unmap(page, first).error(), Error::no_entry);
        EXPECT_TRUE(tables.unmap(page, second));
        EXPECT_EQ(tables.unmap(page).error(), Error::no_entry);
        EXPECT_TRUE(consistent());
    }
}

TEST_P(NestedTables, TheLastIsTheFarthestThatWasEverSomething) {
    EXPECT_EQ(tables.last(), Pfn(0));
    for (const Pfn page : {Pfn(7), Pfn(0xfeff8), Pfn(512)}) EXPECT_TRUE(map(page, new_frame(), Access::write));
    EXPECT_TRUE(tables.unmap(Pfn(0xfeff8)));
    EXPECT_EQ(tables.last(), Pfn(0xfeff8));
    EXPECT_FALSE(map(Pfn(most_pages), new_frame(), Access::write));
    EXPECT_EQ(tables.last(), Pfn(0xfeff8));
}

TEST_P(NestedTables, BeyondTheLastPageIsNothing) {
    const Mfn mfn = new_frame();
    EXPECT_EQ(map(Pfn(most_pages), mfn, Access::write).error(), Error::invalid);
    EXPECT_EQ(map(Pfn(~std::uint64_t{0}), mfn, Access::read).error(), Error::invalid);
    EXPECT_FALSE(tables.find(Pfn(most_pages)).present());
    EXPECT_EQ(tables.unmap(Pfn(most_pages)).error(), Error::no_entry);
    EXPECT_EQ(tables.take(Pfn(most_pages)).error(), Error::no_entry);
    EXPECT_EQ(tables.root(), no_mfn);
    EXPECT_TRUE(consistent());
}

// A refused request leaves what was mapped, and holds no frame.
TEST_P(NestedTables, AnEmptyPoolIsTheCallersError) {
    EXPECT_TRUE(give(4).done());
    const Mfn mfn = new_frame();
    EXPECT_TRUE(map(Pfn(0), mfn, Access::write));
    EXPECT_EQ(map(Pfn(512), mfn, Access::write).error(), Error::no_memory);
    EXPECT_EQ(map(Pfn(1 << 27), mfn, Access::read).error(), Error::no_memory);
    EXPECT_TRUE(map(Pfn(511), mfn, Access::write));
    EXPECT_TRUE(consistent());
    EXPECT_EQ(*give(3).refused(), Error::busy);
    EXPECT_EQ(tables.pool(), 4u);
    EXPECT_TRUE(give(5).done());
    EXPECT_TRUE(map(Pfn(512), mfn, Access::write));
}

TEST_P(NestedTables, ThePoolComesAndGoesInSteps) {
    std::uint64_t steps = 0;
    for (Step<> step = Again{}; step.again() != nullptr; ++steps) {
        paging::Budget budget(10);
        step = tables.set_pool(pool * 2, budget);
        EXPECT_TRUE(step.refused() == nullptr);
    }
    EXPECT_EQ(steps, pool / 10);
    EXPECT_EQ(tables.pool(), pool * 2);
    EXPECT_EQ(free_counts().free, initially_free - pool * 2);
    EXPECT_EQ(*give(initially_free + 1).refused(), Error::no_memory);
    EXPECT_TRUE(give(0).done());
    EXPECT_EQ(free_counts().free, initially_free);
}

TEST_P(NestedTables, ThePoolGoesInStepsToo) {
    std::uint64_t steps = 0;
    for (Step<> step = Again{}; step.again() != nullptr; ++steps) {
        paging::Budget budget(10);
        step = tables.set_pool(0, budget);
        EXPECT_TRUE(step.refused() == nullptr);
        EXPECT_GE(tables.pool() + 10 * (steps + 1), pool);
    }
    EXPECT_GE(steps, pool / 10);
    EXPECT_EQ(tables.pool(), 0u);
}

TEST_P(NestedTables, WhoeverTakesAPageLearnsWhetherItMayBeWritten) {
    for (const Access access : {Access::read, Access::write, Access::read}) {
        const Mfn mfn = new_frame();
        EXPECT_TRUE(map(Pfn(5), mfn, access));
        const auto taken = tables.take(Pfn(5));
        ASSERT_TRUE(taken);
        EXPECT_EQ(taken->frame.mfn(), mfn);
        EXPECT_EQ(taken->writable, access == Access::write);
    }
}

// The CPU walks these tables, and so may know what they name, whosever it is. Before somebody else gets that, it forgets.
TEST_P(NestedTables, ACpuForgetsAPageOfAnothersThatTheyNamed) {
    for (auto& each : memory.cpu) each.translations.walks = TablesOf(DomainId(1), false);
    for (const Access access : {Access::read, Access::write}) {
        const Mfn mfn = *populate(*memory.domains.at(2), Pfn(0), {.from_reserve = true});
        EXPECT_TRUE(map(Pfn(3), mfn, access, 2));
        EXPECT_TRUE(tables.unmap(Pfn(3), mfn));
        EXPECT_TRUE(release_frame(*memory.domains.at(2), mfn));
        const auto flushes_before = memory.flushes.load();
        std::vector<Mfn> got;
        do got.push_back(*populate(*memory.domains.at(2), Pfn(0), {.from_reserve = true}));
        while (got.back() != mfn);
        EXPECT_EQ(memory.flushes, flushes_before + fakes::cpus);
        for (const Mfn each : got) EXPECT_TRUE(release_frame(*memory.domains.at(2), each));
    }
}

// A frame of the guest's is not free while it is mapped, though the guest has let it go.
TEST_P(NestedTables, AnEntryKeepsItsFrame) {
    const Mfn mfn = *populate(*memory.domains.at(1), Pfn(0), {.from_reserve = true});
    EXPECT_TRUE(map(Pfn(3), mfn, Access::write));
    EXPECT_TRUE(release_frame(*memory.domains.at(1), mfn));
    EXPECT_EQ(frame(mfn).owner(), DomainId(1));
    EXPECT_TRUE(consistent());
    {
        const auto taken = tables.take(Pfn(3));
        ASSERT_TRUE(taken);
        EXPECT_TRUE(taken->writable);
        EXPECT_EQ(taken->frame.mfn(), mfn);
        EXPECT_TRUE(tables.unmap(Pfn(3)));
        EXPECT_EQ(frame(mfn).owner(), DomainId(1));
    }
    EXPECT_EQ(frame(mfn).owner(), owner_nobody);
}

TEST_P(NestedTables, RandomActsAgreeWithAList) {
    std::mt19937_64 random(GetParam() == Format::amd ? 11 : 12);
    std::map<std::uint64_t, std::pair<Mfn, Access>> wanted;
    std::vector<std::pair<Mfn, std::uint16_t>> frames;
    for (unsigned i = 0; i < 24; ++i) frames.emplace_back(new_frame(1 + i % 2), 1 + i % 2);
    for (unsigned act = 0; act < 4000; ++act) {
        const Pfn page = far_apart[random() % std::size(far_apart)];
        const auto [mfn, owner] = frames[random() % frames.size()];
        const auto access = random() % 2 == 0 ? Access::read : Access::write;
        const auto before = wanted.find(page.raw);
        switch (random() % 4) {
            case 0:
            case 1:
                ASSERT_TRUE(map(page, mfn, access, owner));
                wanted[page.raw] = {mfn, access};
                break;
            case 2:
                ASSERT_EQ(tables.unmap(page).has_value(), before != wanted.end());
                wanted.erase(page.raw);
                break;
            case 3:
                if (tables.unmap(page, mfn)) {
                    ASSERT_TRUE(before != wanted.end() && before->second.first == mfn);
                    wanted.erase(before);
                }
                break;
        }
        for (const Pfn each : far_apart) {
            const auto is = wanted.find(each.raw);
            const Entry entry = tables.find(each);
            ASSERT_EQ(entry.present(), is != wanted.end());
            if (entry.present()) ASSERT_EQ(std::pair(entry.mfn(), entry.writable() ? Access::write : Access::read), is->second);
        }
        ASSERT_TRUE(consistent());
    }
}

// Two CPUs of one guest: whatever they do to the same pages, each entry owns what it names, and what is held is what was there.
TEST_P(NestedTables, TwoCpusAtTheSamePages) {
    const Mfn frames[] = {new_frame(), new_frame()};
    const auto play = [&](unsigned number) {
        fakes::cpu = CpuId(number);
        std::mt19937_64 random(number);
        for (unsigned act = 0; act < 20'000; ++act) {
            const Pfn page = far_apart[random() % std::size(far_apart)];
            switch (random() % 4) {
                case 0: EXPECT_TRUE(map(page, frames[random() % 2], Access::write)); break;
                case 1: EXPECT_TRUE(map(page, frames[random() % 2], Access::read)); break;
                case 2: static_cast<void>(tables.unmap(page)); break;
                case 3:
                    if (const auto taken = tables.take(page))
                        EXPECT_TRUE(taken->frame.mfn() == frames[0] || taken->frame.mfn() == frames[1]);
                    break;
            }
        }
    };
    std::thread other(play, 1);
    play(0);
    other.join();
    EXPECT_TRUE(consistent());
}

INSTANTIATE_TEST_SUITE_P(Formats, NestedTables, ::testing::Values(Format::amd, Format::intel),
                         [](const auto& format) { return format.param == Format::amd ? "Amd" : "Intel"; });

}   // namespace
}   // namespace basalt::nested
