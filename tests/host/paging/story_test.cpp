// Single promises of the page rules, one story each: what entries may say, and who may write them.
#include <cstring>
#include <utility>

#include "abi/xen.hpp"
#include "paging/descriptor.hpp"
#include "story.hpp"

using namespace basalt;
using namespace basalt::paging;

namespace {

TEST_F(Story, AnL4CarriesBasaltsSlotsAndTheGuestMayNotWriteThem) {
    table_at(table(4))[256] = 0x1234007;
    ASSERT_TRUE(pinned(4).done());
    for (unsigned slot = 256; slot < 272; ++slot) {
        EXPECT_EQ(entry(4, slot).raw(), fakes::own_slot_marker | (slot - 256));
        EXPECT_EQ(refusal(write(4, slot, 0)), Error::invalid);
    }
    EXPECT_TRUE(write(4, 272, 0).done());
    settle();
}

TEST_F(Story, EntriesAreStoredForRing3AndNeverGlobal) {
    table_at(table(1))[7] = PageEntry::of(page(1), page_bit::present | page_bit::global).raw();
    ASSERT_TRUE(pinned(4).done());
    EXPECT_EQ(entry(1, 7), PageEntry::of(page(1), page_bit::present | page_bit::user | page_bit::guest_kernel));
    EXPECT_EQ(entry(1, 5), PageEntry::of(page(0), flags));
    EXPECT_TRUE(write(1, 7, PageEntry::of(page(1), flags | page_bit::global).raw()).done());
    EXPECT_EQ(entry(1, 7), PageEntry::of(page(1), flags));
}

TEST_F(Story, ARefusedPinLeavesEveryByteAndCountAsItWas) {
    table_at(table(1))[4] = PageEntry::of(page(1), page_bit::present).raw();
    table_at(table(2))[9] = PageEntry::of(page(1), flags | page_bit::large).raw();
    std::vector<std::byte> before(page_size * 5), after(page_size * 5);
    const auto copy = [&](std::vector<std::byte>& to) {
        for (unsigned level = 1; level <= 4; ++level)
            std::memcpy(to.data() + level * page_size, contents(table(level)), page_size);
    };
    copy(before);
    EXPECT_EQ(refusal(pinned(4)), Error::invalid);
    settle();
    copy(after);
    // The L1 was sound, was checked and let go: its entries keep their stored form. Everything else is as it
    // was.
    EXPECT_EQ(std::memcmp(before.data() + 2 * page_size, after.data() + 2 * page_size, 3 * page_size), 0);
    for (const auto mfn : frames) EXPECT_EQ(frame(mfn).word().references(), 1U);
}

TEST_F(Story, APageTableIsNotWritableAnywhereNorAWritablePageATable) {
    ASSERT_TRUE(pinned(4).done());
    EXPECT_EQ(refusal(write(1, 8, PageEntry::of(table(1), flags).raw())), Error::busy);
    EXPECT_TRUE(write(1, 8, PageEntry::of(table(1), page_bit::present).raw()).done());
    Budget budget;
    EXPECT_EQ(refusal(pin(page(0), PageLevel(1), domain, budget)), Error::invalid);
    settle();
}

TEST_F(Story, ATableThatNamesItselfIsRefusedNotWaitedFor) {
    for (unsigned level = 1; level <= 4; ++level) {
        table_at(page(1))[0] = PageEntry::of(page(1), flags).raw();
        Budget budget;
        const auto step = pin(page(1), PageLevel(level), domain, budget);
        EXPECT_EQ(refusal(step), level == 1 ? Error::busy : Error::invalid) << level;
    }
    settle();
}

TEST_F(Story, ForeignAndHypervisorFramesAreNotForTheTaking) {
    ASSERT_TRUE(pinned(4).done());
    const Mfn theirs = *populate(world.domain(2), Pfn(1), {.from_reserve = true});
    const Mfn ours = *allocate_frames();
    for (const auto mfn : {theirs, ours})
        for (const auto bits : {flags, std::uint64_t{page_bit::present}})
            EXPECT_EQ(refusal(write(1, 9, PageEntry::of(mfn, bits).raw())), Error::busy);
    EXPECT_EQ(refusal(write(1, 9, PageEntry::of(Mfn(1 << 20), flags).raw())), Error::not_permitted);
    Budget budget;
    EXPECT_EQ(refusal(pin(theirs, PageLevel(1), domain, budget)), Error::invalid);
    settle();
    // With permission, a foreign page is held by the entry that names it, even after its owner let it go.
    TableHold hold;
    EXPECT_TRUE(
        update(hold, physical_of(table(1)) | 9 * 8, PageEntry::of(theirs, flags).raw(), {&domain, &world.domain(2)}, budget)
            .done());
    EXPECT_TRUE(release_frame(world.domain(2), theirs));
    EXPECT_EQ(frame(theirs).owner(), DomainId(2));
    EXPECT_TRUE(update(hold, physical_of(table(1)) | 9 * 8, 0, {&domain, &world.domain(2)}, budget).done());
    EXPECT_EQ(frame(theirs).owner(), owner_nobody);
}

TEST_F(Story, DevicePagesAreForTheHardwareDomainAndSomeOnlySeemWritable) {
    ASSERT_TRUE(pinned(4).done());
    const auto uncached = flags | page_bit::cache_disable | page_bit::write_through;
    EXPECT_TRUE(write(1, 10, PageEntry::of(Mfn(3), uncached).raw()).done());
    EXPECT_TRUE(entry(1, 10).writable());
    EXPECT_TRUE(write(1, 11, PageEntry::of(Mfn(20), uncached).raw()).done());
    EXPECT_FALSE(entry(1, 11).writable());
    domain.hardware = false;
    EXPECT_EQ(refusal(write(1, 10, PageEntry::of(Mfn(3), flags).raw())), Error::not_permitted);
    EXPECT_EQ(refusal(write(1, 10, PageEntry::of(page(0), uncached).raw())), Error::invalid);
    EXPECT_TRUE(write(1, 11, 0).done());
    domain.hardware = true;
    settle();
}

TEST_F(Story, AccessedAndDirtyAreKeptWhenAsked) {
    ASSERT_TRUE(pinned(4).done());
    table_at(table(1))[5] |= page_bit::accessed | page_bit::dirty;    // as the processor does
    EXPECT_TRUE(
        write(1, 5, PageEntry::of(page(0), page_bit::present | page_bit::user).raw(), MMU_PT_UPDATE_PRESERVE_AD).done());
    EXPECT_TRUE(entry(1, 5).has(page_bit::accessed | page_bit::dirty));
    EXPECT_TRUE(write(1, 5, PageEntry::of(page(0), page_bit::present | page_bit::user).raw()).done());
    EXPECT_FALSE(entry(1, 5).has(page_bit::accessed));
    EXPECT_EQ(refusal(write(1, 5, 0, 5)), Error::not_implemented);
}

TEST_F(Story, AnEntryIsExchangedWhileItIsAsItWasFound) {
    ASSERT_TRUE(pinned(4).done());
    Budget budget;
    {
        TableHold held;
        ASSERT_TRUE(held.hold(table(1), domain).done());
        const auto exchange = [&](PageEntry found, PageEntry wanted) {
            return exchange_entry(held, 5, found, wanted, domain, budget);
        };
        EXPECT_TRUE(*exchange(held.entry(5), held.entry(5).without(page_bit::writable)));
        EXPECT_FALSE(entry(1, 5).writable());
        EXPECT_EQ(frame(page(0)).word().users(), 0U);
        EXPECT_FALSE(*exchange(PageEntry(0x77), PageEntry()));    // not as it was found: nothing happens
        EXPECT_TRUE(entry(1, 5).present());
        EXPECT_TRUE(*exchange(held.entry(5), PageEntry(0x76)));    // not present, so it may say anything
        EXPECT_EQ(entry(1, 5), PageEntry(0x76));
        EXPECT_EQ(frame(page(0)).word().references(), 1U);
        EXPECT_EQ(refusal(exchange(held.entry(5), PageEntry::of(table(2), flags))), Error::busy);
    }
    settle();
}

TEST_F(Story, APageOrATableOfAnotherLevelIsHeldAsWhatItIs) {
    ASSERT_TRUE(pinned(4).done());
    {
        TableHold held;
        EXPECT_TRUE(held.hold(page(0), domain).done());
        EXPECT_EQ(held.use(), Use::writable);
        EXPECT_TRUE(held.hold(table(2), domain).done());
        EXPECT_EQ(held.use(), Use::l2_table);
    }
    settle();
}

TEST_F(Story, AnAddressIsWrittenThroughTheTablesOfARoot) {
    ASSERT_TRUE(pinned(4).done());
    Budget budget;
    const Parties self{&domain, &domain};
    EXPECT_TRUE(update_va_mapping(table(4), address, PageEntry::of(page(1), flags).raw(), self, budget).done());
    EXPECT_EQ(entry(1, 5).mfn(), page(1));
    EXPECT_EQ(l1_table_of(table(4), address), table(1));
    EXPECT_EQ(leaf_of(table(4), address), entry(1, 5));
    EXPECT_EQ(refusal(update_va_mapping(table(4), 0, 0, self, budget)), Error::invalid);
    EXPECT_EQ(refusal(update_va_mapping(table(4), layout::guest_m2p, 0, self, budget)), Error::invalid);
    settle();
}

TEST_F(Story, BasaltsSlotsLeadNowhereEvenWhereAGuestsTableIsBehindThem) {
    ASSERT_TRUE(pinned(4).done());
    auto& slot = table_at(table(4))[index_of(root_level, layout::guest_m2p)];
    const std::uint64_t own = std::exchange(slot, PageEntry::of(table(3), flags).raw());
    const std::uint64_t there = layout::guest_m2p | (address & (size_at(root_level) - 1));
    EXPECT_EQ(l1_table_of(table(4), there), no_mfn);
    EXPECT_FALSE(leaf_of(table(4), there).present());
    slot = own;
    settle();
}

TEST_F(Story, AnIdlePageIsWrittenByMmuUpdateLikeAnyMemory) {
    EXPECT_TRUE(write(1, 100, 0xdead'beef'0000'0001).done());
    EXPECT_EQ(table_at(table(1))[100], 0xdead'beef'0000'0001);
    EXPECT_EQ(frame(table(1)).word().users(), 0U);
}

TEST_F(Story, DescriptorPagesAreCheckedAndRaisedToRing3) {
    auto& descriptors = table_at(page(2));
    descriptors[1] = 0x00af'9b00'0000'ffff;    // 64-bit code of ring 0
    {
        const auto use = take_descriptors(page(2), domain);
        ASSERT_TRUE(use.has_value());
        EXPECT_EQ(descriptors[1], 0x00af'fb00'0000'ffffU);
        EXPECT_EQ(take_writable(page(2), domain).error(), Error::busy);
    }
    const std::uint64_t gate = 0x0000'8e00'0008'0000, task = 0x0000'8900'0000'0067, call_of_hypervisor = 0x0000'ec00'e008'0000,
                        odd_call = 0x0000'ec01'0008'0000;
    for (const auto bad : {gate, task, call_of_hypervisor, odd_call}) {
        descriptors[2] = bad;
        descriptors[3] = 0x00af'9b00'0000'ffff;
        EXPECT_EQ(take_descriptors(page(2), domain).error(), Error::invalid);
        EXPECT_EQ(descriptors[3], 0x00af'9b00'0000'ffffU);
    }
    settle();
}

TEST_F(Story, ACallGateToTheGuestsOwnCodeIsKeptClosed) {
    auto& descriptors = table_at(page(2));
    const auto gate_to = [](std::uint64_t selector) { return 0x0000'ec00'0000'0000 | selector << 16; };
    const std::uint64_t own = 0x8, in_ldt = 0xfffc, flat = 0xe033;
    for (const auto selector : {own, in_ldt, flat}) {
        descriptors[1] = gate_to(selector);
        ASSERT_TRUE(take_descriptors(page(2), domain).has_value());
        EXPECT_EQ(descriptors[1], 0x0000'8c00'0000'0000 | (selector | 3) << 16);   // privilege 0: not for ring 3
        settle();
    }
}

}    // namespace
