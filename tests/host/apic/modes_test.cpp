// xAPIC, x2APIC and off: the ways between them, and what each lets its guest read and write.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "apic/guest.hpp"

namespace basalt::apic {
namespace {

using namespace guest;

constexpr std::uint64_t where = 0xfee0'0000, off = where, narrow = where | 0x800, wide = where | 0xc00,
                        wide_but_off = where | 0x400;

LocalApic in(std::uint64_t mode) {
    auto apic = mode == wide ? x2apic(3) : xapic(3);
    if (mode == off) EXPECT_TRUE(apic.set_base(off));
    EXPECT_EQ(apic.base(), mode);
    return apic;
}

TEST(modes, have_the_transitions_of_the_manuals_and_no_others) {
    const std::map<std::uint64_t, std::set<std::uint64_t>> allowed{
        {off, {off, narrow}}, {narrow, {off, narrow, wide}}, {wide, {off, wide}}};
    for (const auto& [from, ways] : allowed)
        for (const auto to : {off, narrow, wide, wide_but_off}) {
            auto apic = in(from);
            const auto before = apic;
            const auto effect = apic.set_base(to);
            ASSERT_EQ(effect.has_value(), ways.contains(to)) << std::hex << from << " to " << to;
            EXPECT_TRUE(is_sound(apic));
            if (!effect || from == to) {
                EXPECT_EQ(apic, before);
            } else {
                EXPECT_EQ(*effect, Effect(Effect::Kind::enable));
                EXPECT_EQ(apic.base(), to);
            }
        }
}

TEST(modes, take_no_reserved_bits_of_the_base) {
    for (unsigned bit = 0; bit < 64; ++bit) {
        auto apic = xapic(3);
        const bool reserved = bit < 8 || bit == 9 || bit >= 52;
        const auto before = apic;
        EXPECT_EQ(apic.set_base(narrow ^ std::uint64_t{1} << bit).has_value(), !reserved) << bit;
        if (reserved) EXPECT_EQ(apic, before);
    }
}

TEST(modes, an_apic_begins_as_the_manuals_say) {
    for (const std::uint32_t vcpu : {0u, 1u, 63u}) {
        const LocalApic apic{VcpuId(vcpu)};
        EXPECT_EQ(apic.base(), 0xfee0'0800u | (vcpu == 0 ? 0x100 : 0));
        EXPECT_EQ(apic.page(), 0xfee0'0000u);
        const std::map<std::uint32_t, std::uint32_t> words{
            {0x20, vcpu * 2 << 24}, {0x30, 0x0005'0014}, {0xe0, 0xffff'ffff}, {0xf0, 0xff},     {0x320, 0x10000},
            {0x330, 0x10000},       {0x340, 0x10000},    {0x350, 0x10000},    {0x360, 0x10000}, {0x370, 0x10000}};
        for (std::uint32_t offset = 0; offset < 0x1000; offset += 4)
            ASSERT_EQ(apic.read(offset, start), words.contains(offset) ? words.at(offset) : 0u) << std::hex << offset;
        EXPECT_FALSE(apic.is_enabled());
        EXPECT_TRUE(is_sound(apic));
    }
}

TEST(modes, the_page_follows_the_base_and_is_nowhere_otherwise) {
    auto apic = xapic();
    EXPECT_TRUE(apic.set_base(0x1'2345'6800));
    EXPECT_EQ(apic.page(), 0x1'2345'6000u);
    EXPECT_TRUE(apic.set_base(0x1'2345'6c00));
    EXPECT_EQ(apic.page(), std::nullopt);
    EXPECT_TRUE(apic.set_base(0));
    EXPECT_EQ(apic.page(), std::nullopt);
}

TEST(modes, an_x2apic_goes_on_where_its_xapic_was) {
    auto apic = xapic(20);
    apic.accept(0x61, Trigger::level);
    apic.deliver(0x61);
    apic.accept(0x71, Trigger::edge);
    write(apic, Register::task_priority, 0x73);
    write(apic, Register::logical_destination, 0x0400'0000);
    write(apic, Register::timer, 0xec);
    write(apic, Register::initial_count, 100, at(10));
    EXPECT_TRUE(apic.set_base(wide));
    EXPECT_EQ(*apic.read_msr(0x802, start), 40u);
    EXPECT_EQ(*apic.read_msr(0x80d, start), 2u << 16 | 1u << 8) << "cluster and member follow from the id";
    EXPECT_EQ(*apic.read_msr(0x808, start), 0x73u);
    EXPECT_EQ(*apic.read_msr(0x813, start), 2u);
    EXPECT_EQ(*apic.read_msr(0x823, start), 1u << 17);
    EXPECT_EQ(apic.deadline(), Deadline(Time(2010)));
    EXPECT_EQ(apic.end(), (Ended{0x61, Trigger::level}));
}

TEST(modes, nothing_is_left_after_off) {
    for (const auto mode : {narrow, wide}) {
        auto apic = in(mode);
        apic.accept(0x61, Trigger::level);
        write(apic, Register::timer, 0xec);
        write(apic, Register::initial_count, 100);
        EXPECT_TRUE(apic.set_base(off));
        EXPECT_FALSE(apic.accept(0x71, Trigger::edge));
        EXPECT_EQ(apic.pending(), std::nullopt);
        EXPECT_EQ(apic.deadline(), Deadline());
        EXPECT_FALSE(is_addressed(apic.address(), {Shorthand::all}, false));
        EXPECT_TRUE(apic.set_base(narrow));
        EXPECT_EQ(apic, LocalApic(VcpuId(3)));
    }
}

TEST(modes, init_leaves_id_mode_and_base) {
    for (const auto mode : {narrow, wide}) {
        auto apic = in(mode);
        const auto logical = apic.state().logical;
        apic.accept(0x61, Trigger::edge);
        write(apic, Register::task_priority, 0x40);
        apic.init();
        auto expected = LocalApic(VcpuId(3));
        if (mode == wide) EXPECT_TRUE(expected.set_base(wide));
        EXPECT_EQ(apic, expected);
        EXPECT_EQ(apic.state().logical, logical);
        EXPECT_TRUE(is_sound(apic));
    }
    auto first = x2apic(0);
    first.reset();
    EXPECT_EQ(first, LocalApic(VcpuId(0)));
}

// SDM table 11-6: read only, write only, both; and of what can be written the bits.
const std::set<std::uint32_t> read_only{0x802, 0x803, 0x80a, 0x80d, 0x839, 0x810, 0x811, 0x812, 0x813, 0x814,
                                        0x815, 0x816, 0x817, 0x818, 0x819, 0x81a, 0x81b, 0x81c, 0x81d, 0x81e,
                                        0x81f, 0x820, 0x821, 0x822, 0x823, 0x824, 0x825, 0x826, 0x827};
const std::set<std::uint32_t> write_only{0x80b, 0x83f};
const std::map<std::uint32_t, std::uint64_t> written{
    {0x808, 0xff},        {0x80b, 0},       {0x80f, 0x1ff},
    {0x828, 0},           {0x82f, 0x117ff}, {0x830, 0xffff'ffff'000c'cfff & ~0x1000ull},
    {0x832, 0x710ff},     {0x833, 0x117ff}, {0x834, 0x117ff},
    {0x835, 0x1f7ff},     {0x836, 0x1f7ff}, {0x837, 0x110ff},
    {0x838, 0xffff'ffff}, {0x83e, 0xb},     {0x83f, 0xff}};

TEST(modes, an_x2apic_refuses_what_is_not_there_or_reserved_and_is_as_before) {
    for (std::uint32_t msr = 0x7f0; msr < 0x850; ++msr) {
        auto apic = x2apic(3);
        const bool readable = read_only.contains(msr) || (written.contains(msr) && !write_only.contains(msr));
        EXPECT_EQ(apic.read_msr(msr, start).has_value(), readable) << std::hex << msr;
        EXPECT_EQ(apic.write_msr(msr, 0, start).has_value(), written.contains(msr)) << std::hex << msr;
        for (unsigned bit = 0; bit < 64; ++bit) {
            auto one = x2apic(3);
            EXPECT_TRUE(one.write_msr(0x830, 7ull << 32 | 0x400, start));
            const auto before = one;
            const std::uint64_t value = std::uint64_t{1} << bit;
            const bool allowed = written.contains(msr) && (written.at(msr) & value);
            ASSERT_EQ(one.write_msr(msr, value, start).has_value(), allowed) << std::hex << msr << " bit " << bit;
            if (!allowed) ASSERT_EQ(one, before) << std::hex << msr;
            ASSERT_TRUE(is_sound(one));
        }
    }
}

// What Debian's kernel 6.1 was seen to do as a PVH guest.
TEST(modes, an_x2apic_has_all_that_linux_asks_for) {
    LocalApic apic{VcpuId(0)};
    EXPECT_EQ(apic.read(0x20, start), 0u);
    EXPECT_EQ(apic.read(0x30, start), version);
    EXPECT_TRUE(apic.set_base(apic.base() | base::extended));
    std::vector<std::uint32_t> looked_at{0x802, 0x803, 0x808, 0x80d};
    for (std::uint32_t msr = 0x80f; msr <= 0x828; ++msr) looked_at.push_back(msr);
    for (std::uint32_t msr = 0x832; msr <= 0x836; ++msr) looked_at.push_back(msr);
    for (const auto msr : looked_at) EXPECT_TRUE(apic.read_msr(msr, start)) << std::hex << msr;
    const std::pair<std::uint32_t, std::uint64_t> writes[] = {
        {0x808, 0x10},    {0x80f, 0x1ff},   {0x835, 0x10700}, {0x836, 0x10400},     {0x837, 0xfe}, {0x828, 0},
        {0x832, 0x100ec}, {0x833, 0x10200}, {0x834, 0x400},   {0x830, 0x000c'08fd}, {0x80b, 0}};
    for (const auto& [msr, value] : writes) EXPECT_TRUE(apic.write_msr(msr, value, start)) << std::hex << msr;
}

TEST(modes, only_an_x2apic_answers_by_msr) {
    for (const auto mode : {narrow, off})
        for (std::uint32_t msr = 0x800; msr < 0x840; ++msr) {
            auto apic = in(mode);
            const auto before = apic;
            EXPECT_FALSE(apic.read_msr(msr, start));
            EXPECT_FALSE(apic.write_msr(msr, 0, start));
            EXPECT_EQ(apic, before);
        }
}

// What of all ones written is kept, and what of 0.
TEST(modes, an_xapic_ignores_what_is_not_there_or_reserved) {
    const std::map<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>> kept{{0x80, {0xff, 0}},
                                                                                {0xd0, {0xff00'0000, 0}},
                                                                                {0xe0, {0xffff'ffff, 0x0fff'ffff}},
                                                                                {0xf0, {0x3ff, 0}},
                                                                                {0x300, {0x000c'cfff, 0}},
                                                                                {0x310, {0xff00'0000, 0}},
                                                                                {0x320, {0x700ff, 0x10000}},
                                                                                {0x330, {0x107ff, 0x10000}},
                                                                                {0x340, {0x107ff, 0x10000}},
                                                                                {0x350, {0x1a7ff, 0x10000}},
                                                                                {0x360, {0x1a7ff, 0x10000}},
                                                                                {0x370, {0x100ff, 0x10000}},
                                                                                {0x380, {0xffff'ffff, 0}},
                                                                                {0x3e0, {0xb, 0}}};
    for (std::uint32_t offset = 0; offset < 0x1000; offset += 4) {
        LocalApic apic{VcpuId(3)};    // not enabled: entries stay masked
        const auto before = apic;
        apic.write(offset, 0xffff'ffff, start);
        ASSERT_TRUE(is_sound(apic)) << std::hex << offset;
        if (kept.contains(offset)) {
            EXPECT_EQ(apic.read(offset, start) & ~0x1000u, kept.at(offset).first & ~0x1000u) << std::hex << offset;
            apic.write(offset, 0, start);
            EXPECT_EQ(apic.read(offset, start), offset == 0xf0 ? 0 : kept.at(offset).second) << std::hex << offset;
        } else {
            EXPECT_EQ(apic, before) << std::hex << offset;
        }
    }
}

TEST(modes, entries_stay_masked_until_software_enables_the_apic) {
    for (const bool extended : {false, true})
        for (std::uint32_t offset = 0x320; offset <= 0x370; offset += 0x10) {
            const auto which = static_cast<Register>(offset);
            auto apic = extended ? x2apic() : xapic();
            write(apic, which, 0xfe);
            EXPECT_EQ(read(apic, which), 0xfeu);
            write(apic, Register::spurious, 0xff);
            EXPECT_EQ(read(apic, which), 0x100feu);
            write(apic, which, 0xfd);
            EXPECT_EQ(read(apic, which), 0x100fdu);
            write(apic, Register::spurious, spurious_and_enabled);
            EXPECT_EQ(read(apic, which), 0x100fdu);
        }
}

TEST(modes, the_pics_interrupts_pass_by_local0_or_where_no_apic_is_on) {
    auto apic = xapic();
    EXPECT_FALSE(apic.passes_external());
    write(apic, Register::local0, 0x700);
    EXPECT_TRUE(apic.passes_external());
    write(apic, Register::local0, 0x10700);
    EXPECT_FALSE(apic.passes_external());
    write(apic, Register::local0, 0x400);
    EXPECT_FALSE(apic.passes_external());
    EXPECT_TRUE(apic.set_base(off));
    EXPECT_TRUE(apic.passes_external());
}

TEST(modes, errors_are_told_when_asked_for_and_interrupt_once) {
    auto apic = xapic();
    write(apic, Register::error, 0xfe);
    write(apic, Register::command_low, 0x0f);
    EXPECT_EQ(apic.pending(), 0xfe);
    EXPECT_EQ(read(apic, Register::error_status), 0u) << "not asked for yet";
    apic.deliver(0xfe);
    apic.end();
    write(apic, Register::command_low, 0x0f);
    EXPECT_EQ(apic.pending(), std::nullopt) << "the same again";
    apic.accept(0x05, Trigger::level);
    EXPECT_EQ(apic.pending(), 0xfe) << "another";
    write(apic, Register::error_status, 0xffff'ffff);
    EXPECT_EQ(read(apic, Register::error_status), 0x60u);
    EXPECT_EQ(read(apic, Register::error_status), 0x60u);
    write(apic, Register::error_status, 0);
    EXPECT_EQ(read(apic, Register::error_status), 0u);
    write(apic, Register::error, 0x05);
    write(apic, Register::command_low, 0x0f);
    write(apic, Register::error_status, 0);
    EXPECT_EQ(read(apic, Register::error_status), 0x60u) << "and the entry's own vector is illegal";
    EXPECT_TRUE(is_sound(apic));
}

}  // namespace
}  // namespace basalt::apic
