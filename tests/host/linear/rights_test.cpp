// Each right by itself, and the error code of each refusal, in every mode.
#include <gtest/gtest.h>

#include "linear/guest.hpp"

namespace basalt::linear {
namespace {

class EachMode : public ::testing::TestWithParam<Guest (*)()> {
protected:
    EachMode() : guest(GetParam()()) {}

    void expect_allowed(Access access, const char* why) {
        const auto found = guest.walk(access);
        ASSERT_TRUE(found) << why;
        EXPECT_EQ(found->address, 0x1'4567u) << why;
        EXPECT_EQ(found->bytes, 0x1000u - 0x567) << why;
    }
    void expect_fault(Access access, std::uint32_t code, const char* why) { EXPECT_EQ(guest.walk(access), fault(code)) << why; }

    // What may narrow a right: each table's entry but those of PAE's root.
    template <typename Act>
    void with_each_narrowed(std::uint64_t gone, std::uint64_t come, Act&& act) {
        for (unsigned depth = guest.mode.tables().levels == 3 ? 1 : 0; depth < guest.levels; ++depth) {
            const std::uint64_t before = guest.entry(depth);
            guest.change(depth, gone, come);
            act();
            guest.set(depth, before);
        }
    }

    Guest guest;
};

TEST_P(EachMode, AUsersPageIsForAllWithoutFurtherRules) {
    guest.mode.cr0 |= wp;
    for (const Access access : {read_by_user, write_by_user, fetch_by_user, read_by_kernel, write_by_kernel, fetch_by_kernel})
        expect_allowed(access, "everything is granted");
}

TEST_P(EachMode, NoUserTouchesASupervisorsPage) {
    with_each_narrowed(u, 0, [&] {
        expect_fault(read_by_user, 5, "read");
        expect_fault(write_by_user, 7, "write");
        EXPECT_EQ(guest.walk(fetch_by_user).error().error_code & 0xf, 5u);
        expect_allowed(read_by_kernel, "its own");
        expect_allowed(write_by_kernel, "its own");
        expect_allowed(fetch_by_kernel, "its own");
    });
}

TEST_P(EachMode, WhatIsReadOnlyIsWrittenByASupervisorAloneAndOnlyWithoutWp) {
    with_each_narrowed(w, 0, [&] {
        expect_allowed(read_by_user, "read");
        expect_fault(write_by_user, 7, "write");
        guest.mode.cr0 &= ~wp;
        expect_allowed(write_by_kernel, "CR0.WP is 0");
        guest.mode.cr0 |= wp;
        expect_fault(write_by_kernel, 3, "CR0.WP is 1");
        expect_allowed(read_by_kernel, "read");
    });
}

TEST_P(EachMode, NothingIsFetchedFromNoExecute) {
    if (guest.width == Width::four_bytes) return expect_allowed(fetch_by_kernel, "32-bit entries have no such bit");
    with_each_narrowed(0, nx, [&] {
        expect_fault(fetch_by_user, 0x15, "user");
        expect_fault(fetch_by_kernel, 0x11, "supervisor");
        expect_allowed(read_by_user, "read");
        expect_allowed(write_by_kernel, "write");
    });
}

TEST_P(EachMode, SmepKeepsSupervisorsFromFetchingUsersPages) {
    guest.mode.cr4 |= smep;
    expect_fault(fetch_by_kernel, 0x11, "a user's page");
    expect_allowed(fetch_by_user, "user");
    expect_allowed(read_by_kernel, "read");
    with_each_narrowed(u, 0, [&] {
        expect_allowed(fetch_by_kernel, "its own page");
        expect_fault(fetch_by_user, 0x15, "told as a fetch");
    });
}

TEST_P(EachMode, SmapKeepsSupervisorsFromUsersDataUnlessLifted) {
    guest.mode.cr4 |= smap;
    expect_fault(read_by_kernel, 1, "read");
    expect_fault(write_by_kernel, 3, "write");
    expect_allowed({.kind = Access::Kind::read, .past_smap = true}, "RFLAGS.AC");
    expect_allowed({.kind = Access::Kind::write, .past_smap = true}, "RFLAGS.AC");
    expect_allowed(fetch_by_kernel, "SMAP is of data");
    expect_allowed(read_by_user, "user");
    with_each_narrowed(u, 0, [&] { expect_allowed(read_by_kernel, "its own page"); });
    guest.mode.cr0 |= wp;
    with_each_narrowed(w, 0, [&] { expect_fault({.kind = Access::Kind::write, .past_smap = true}, 3, "WP holds still"); });
}

TEST_P(EachMode, AFetchIsToldOnlyWhereFetchesMayBeForbidden) {
    guest.mode.efer &= ~nxe;
    guest.change(guest.levels - 1, p, 0);
    expect_fault(fetch_by_user, 4, "neither NX nor SMEP");
    guest.mode.cr4 |= smep;
    expect_fault(fetch_by_user, 0x14, "SMEP");
    guest.mode.cr4 &= ~smep;
    guest.mode.efer |= nxe;
    expect_fault(fetch_by_user, guest.width == Width::four_bytes ? 4 : 0x14, "NX, which PAE has to be on for");
    expect_fault(fetch_by_kernel, guest.width == Width::four_bytes ? 0 : 0x10, "the supervisor's");
    expect_fault(write_by_user, 6, "a write");
    expect_fault(read_by_kernel, 0, "a read");
}

// SDM 3A 4.7: what is missing or reserved is told, though a right was lacking above.
TEST_P(EachMode, WhatIsMissingComesBeforeWhatIsForbidden) {
    for (unsigned depth = 0; depth < guest.levels; ++depth) {
        auto one = GetParam()();
        if (one.mode.tables().levels != 3) one.change(0, u | w, 0);
        one.change(depth, p, 0);
        EXPECT_EQ(one.walk(write_by_user), fault(6)) << depth;
        EXPECT_EQ(one.walk(read_by_kernel), fault(0)) << depth;
    }
}

TEST_P(EachMode, ATableWithoutMemoryIsNothing) {
    for (unsigned depth = 0; depth < guest.levels; ++depth) {
        auto one = GetParam()();
        one.memory.remove(10 + depth);
        EXPECT_EQ(one.walk(), refused(Refusal::Why::nothing_there)) << depth;
    }
    guest.change(guest.levels - 1, page_bit::frame, 0x7'0000'0000 & (guest.width == Width::four_bytes ? 0xffff'ffff : ~0ull));
    EXPECT_TRUE(guest.walk()) << "where the page is, nobody looks";
}

INSTANTIATE_TEST_SUITE_P(Modes, EachMode, ::testing::Values(guest_32, guest_pae, guest_64), [](const auto& test) {
    return test.param().levels == 2 ? "Bits32" : test.param().levels == 3 ? "Pae" : "Bits64";
});

// PAE's root entries have no rights: the bits are reserved, and what is not there is not lacking.
TEST(Rights, ThoseOfPaesRootAreNone) {
    auto guest = guest_pae();
    EXPECT_EQ(guest.entry(0), 0xb001u);
    EXPECT_TRUE(guest.walk(write_by_user));
    EXPECT_TRUE(guest.walk(fetch_by_user));
}

TEST(Modes, WithoutPagingAddressesAreWhatTheyAre) {
    Guest guest{{.cr0 = 1, .cr3 = 0xdead'f000, .cr4 = pae | smap | smep, .efer = nxe}, 0, {}, 0, Width::four_bytes};
    for (const Access access : {read_by_user, write_by_user, fetch_by_kernel}) {
        EXPECT_EQ(walk(guest.mode, 0, access, guest.memory), (Place{0, 0x1'0000'0000}));
        EXPECT_EQ(walk(guest.mode, 0x1234'5678, access, guest.memory), (Place{0x1234'5678, 0x1'0000'0000 - 0x1234'5678}));
        EXPECT_EQ(walk(guest.mode, 0xffff'ffff, access, guest.memory), (Place{0xffff'ffff, 1}));
        EXPECT_EQ(walk(guest.mode, 0xffff'ffff'0000'0001, access, guest.memory), (Place{1, 0xffff'ffff}));
    }
    EXPECT_EQ(guest.memory.reads, 0u);
}

TEST(Modes, TheUpperHalfOf32BitModesIsNotLookedAt) {
    for (auto guest : {guest_32(), guest_pae()}) {
        const auto expected = guest.walk();
        guest.address |= 0xdead'0000'0000'0000;
        EXPECT_EQ(guest.walk(), expected);
    }
}

TEST(Modes, An64BitAddressIsCanonical) {
    auto guest = guest_64();
    for (const std::uint64_t address :
         {0x8000'0000'0000ull, 0xffff'7fff'ffff'ffffull, 0x1'0000'0000'0000ull, 0x8000'0000'0000'0000ull}) {
        guest.address = address;
        EXPECT_EQ(guest.walk(), refused(Refusal::Why::not_canonical)) << std::hex << address;
    }
    EXPECT_EQ(guest.memory.reads, 0u);
    for (const std::uint64_t address : {0x7fff'ffff'ffffull, 0xffff'8000'0000'0000ull}) {
        guest.address = address;
        EXPECT_EQ(guest.walk(), fault(0)) << std::hex << address;
    }
}

TEST(Modes, FiveLevelsAreRefused) {
    auto guest = guest_64();
    guest.mode.cr4 |= la57;
    EXPECT_EQ(guest.walk(), refused(Refusal::Why::five_levels));
    for (auto other : {guest_32(), guest_pae()}) {
        const auto expected = other.walk();
        other.mode.cr4 |= la57;
        EXPECT_EQ(other.walk(), expected) << "where the bit means nothing";
    }
}

TEST(Modes, Cr3SaysWhereTheRootIsBesideOtherThings) {
    auto wide = guest_64();
    wide.mode.cr3 |= 0xfff;
    EXPECT_TRUE(wide.walk()) << "a PCID";
    auto narrow = guest_32();
    narrow.mode.cr3 |= 0xffff'ffff'0000'0fff;
    EXPECT_TRUE(narrow.walk());
    auto pae_guest = guest_pae();
    pae_guest.memory.put(0xa000 + 0x7e0 + 2 * 8, 0xb001, Width::eight_bytes);
    pae_guest.set(0, 0);
    pae_guest.mode.cr3 = 0xa7ff;
    EXPECT_TRUE(pae_guest.walk()) << "32 bytes, aligned to that";
}

}   // namespace
}   // namespace basalt::linear
