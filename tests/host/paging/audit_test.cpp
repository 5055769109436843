// Hand-made damage of each kind is found, and named by the frame.
#include "paging/world.hpp"

namespace basalt::paging {
namespace {

struct AuditTest : ::testing::Test {
    AuditTest() {
        auto& domain = world.domain(2);
        for (auto& mfn : frames) mfn = *populate(domain, Pfn(100), {.from_reserve = true});
        put(3, 2, 0, page_bit::writable);
        put(2, 1, 0, page_bit::writable);
        put(1, 0, 0, page_bit::writable);
        put(1, 4, 1, 0);
        Budget budget;
        EXPECT_TRUE(pin(frames[3], PageLevel(3), domain, budget).done());
        EXPECT_EQ(told(), "");
    }
    void put(unsigned table, unsigned named, unsigned index, std::uint64_t rights) {
        table_at(frames[table])[index] = PageEntry::of(frames[named], page_bit::present | page_bit::user | rights).raw();
    }
    std::string told() {
        const auto wrong = world.audited().first_finding();
        if (!wrong) return "";
        return which(Mfn(wrong->number)) + std::string(wrong->what);
    }
    std::string which(Mfn mfn) {
        for (unsigned i = 0; i < frames.size(); ++i)
            if (frames[i] == mfn) return std::to_string(i) + ": ";
        return "another: ";
    }
    void apply(unsigned of, auto rule) { static_cast<void>(frame(frames[of]).apply(rule)); }
    // One entry of a checked table, overwritten behind Basalt's back for the length of one look.
    std::string told_with(unsigned table, unsigned index, std::uint64_t entry) {
        const auto was = std::exchange(table_at(frames[table])[index], entry);
        const auto said = told();
        table_at(frames[table])[index] = was;
        EXPECT_EQ(told(), "");
        return said;
    }

    World world{1};
    std::array<Mfn, 6> frames{};    // 0 and 4 pages, 1 to 3 tables, 5 idle
};

TEST_F(AuditTest, AReferenceThatNobodyHoldsIsFoundAndOneThatIsMissing) {
    apply(0, [](FrameWord word) { return word.take_reference(); });
    EXPECT_EQ(told(), "0: references");
    apply(0, [](FrameWord word) { return word.drop_reference(); });
    apply(4, [](FrameWord word) { return word.drop_reference(); });
    EXPECT_EQ(told(), "4: references");
}

TEST_F(AuditTest, AUseThatNobodyHoldsIsFound) {
    apply(5, [](FrameWord word) { return word.take_both(Use::writable); });
    EXPECT_EQ(told(), "5: references");
    apply(5, [](FrameWord word) { return word.drop_reference(); });
    EXPECT_EQ(told(), "5: users");
}

TEST_F(AuditTest, AUseOfAnotherKindIsFound) {
    auto audit = world.audited();
    audit.add_use(frames[1], Use::descriptors);
    apply(1, [](FrameWord word) { return word.take_both(Use::l1_table); });
    EXPECT_EQ(audit.first_finding()->what, "use");
}

TEST_F(AuditTest, EntriesAreWhatTheyWereStoredAs) {
    const auto user = page_bit::present | page_bit::user;
    EXPECT_EQ(told_with(1, 1, PageEntry::of(frames[4], page_bit::present).raw()), "1: entry");
    EXPECT_EQ(told_with(1, 1, PageEntry::of(frames[4], user | page_bit::cache_disable).raw()), "1: entry");
    EXPECT_EQ(told_with(2, 0, PageEntry::of(frames[1], user | page_bit::large).raw()), "2: entry");
    EXPECT_EQ(told_with(1, 1, PageEntry::of(frames[4], user | page_bit::writable).raw()), "4: users");
    EXPECT_EQ(told_with(1, 1, 0), "4: references");
}

TEST_F(AuditTest, EntriesNameTheOwnersFramesAlone) {
    const auto user = page_bit::present | page_bit::user;
    Mfn strange = world.memory.begin();
    while (frame(strange).owner() != DomainId(1)) ++strange;
    EXPECT_EQ(told_with(1, 2, PageEntry::of(strange, user).raw()), "1: entry that names a frame of another's");
    EXPECT_EQ(told_with(2, 2, PageEntry::of(strange, user).raw()), "2: entry that names a table of another's");
    EXPECT_EQ(told_with(1, 2, PageEntry::of(Mfn(3), user).raw()), "1: entry that names device memory");
}

TEST_F(AuditTest, AMappingOfAGrantIsShownOnce) {
    Mfn strange = world.memory.begin();
    while (frame(strange).owner() != DomainId(1)) ++strange;
    world.memory.lent = strange;
    const auto hold = [&](auto rule) { static_cast<void>(frame(strange).apply(rule)); };
    hold([](FrameWord word) { return word.take_reference(); });
    const auto told_lent = [&](unsigned to_read, unsigned to_write, std::uint64_t rights) {
        const auto was =
            std::exchange(table_at(frames[1])[2], PageEntry::of(strange, page_bit::present | page_bit::user | rights).raw());
        auto audit = world.audited();
        for (unsigned i = 0; i < to_read; ++i) audit.add_lent(strange, false);
        for (unsigned i = 0; i < to_write; ++i) audit.add_lent(strange, true);
        table_at(frames[1])[2] = was;
        const auto wrong = audit.first_finding();
        return wrong ? which(Mfn(wrong->number)) + std::string(wrong->what) : "";
    };
    EXPECT_EQ(told_lent(1, 0, 0), "");
    EXPECT_EQ(told_lent(2, 0, 0), "");
    EXPECT_EQ(told_lent(0, 1, 0), "another: entries beyond the mappings that lend it to read");
    hold([](FrameWord word) { return word.drop_reference(); });
    hold([](FrameWord word) { return word.take_both(Use::writable); });
    EXPECT_EQ(told_lent(0, 1, page_bit::writable), "");
    EXPECT_EQ(told_lent(1, 0, page_bit::writable), "another: entries beyond the mappings that lend it to write");
}

TEST_F(AuditTest, TheFreeFramesAreThoseOfNobody) {
    Mfn free = world.memory.begin();
    while (frame(free).owner() != owner_nobody) ++free;
    frame(free).keep();
    EXPECT_EQ(told(), "another: place among the free frames");
    frame(free).take_back();
    EXPECT_EQ(told(), "");
    put_unowned_back(frames[5], 0);
    EXPECT_EQ(told(), "5: place among the free frames");
}

TEST_F(AuditTest, ACheckThatNobodyDoesIsFound) {
    apply(5, [](FrameWord word) { return word.take_both(Use::l1_table); });
    auto audit = world.audited();
    audit.add_use(frames[5], Use::l1_table);
    EXPECT_EQ(audit.first_finding()->what, "unfinished check");
}

}  // namespace
}  // namespace basalt::paging
