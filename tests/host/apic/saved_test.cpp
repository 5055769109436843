// To the words of Xen's records and back, and what is made of records that come from elsewhere.
#include "apic/saved.hpp"

#include <gtest/gtest.h>

#include <random>

#include "apic/guest.hpp"

namespace basalt::apic {
namespace {

using namespace guest;

constexpr VcpuId vcpu{3};

LocalApic busy(LocalApic apic) {
    apic.accept(0x61, Trigger::level);
    apic.deliver(0x61);
    apic.accept(0x83, Trigger::edge);
    apic.accept(0xef, Trigger::edge);
    write(apic, Register::task_priority, 0x35);
    write(apic, Register::local0, 0x8700);
    write(apic, Register::error, 0xfe);
    write(apic, Register::timer, 1u << 17 | 0xec);
    write(apic, Register::divide, 0xb);
    write(apic, Register::initial_count, 1000, at(500));
    if (!apic.is_extended()) {
        write(apic, Register::logical_destination, 0x0800'0000);
        write(apic, Register::destination_format, 0);
        write(apic, Register::command_high, 0x0400'0000);
    }
    write(apic, Register::command_low, 0x0f);
    write(apic, Register::error_status, 0);
    apic.accept(0x0a, Trigger::edge);
    return apic;
}

Result<LocalApic> loaded(const Saved& saved, Now now = start) { return LocalApic::load(vcpu, saved, now); }

TEST(saved, one_is_loaded_as_it_was) {
    const LocalApic all[] = {LocalApic(vcpu), xapic(3), x2apic(3), busy(xapic(3)), busy(x2apic(3))};
    for (auto apic : all) {
        const auto before = apic;
        const Saved saved = apic.save(at(700));
        EXPECT_EQ(apic, before) << "which saving does not change";
        const auto again = loaded(saved, at(700));
        ASSERT_TRUE(again);
        EXPECT_EQ(*again, apic);
    }
}

TEST(saved, the_words_are_where_xen_has_them) {
    auto apic = busy(x2apic(3));
    const Saved saved = apic.save(at(710));
    EXPECT_EQ(saved.base, 0xfee0'0c00u);
    EXPECT_EQ(saved.disabled, 0u);
    EXPECT_EQ(saved.timer_divisor, 1u);
    const auto word = [&](std::uint32_t offset) { return saved.registers[offset / 4]; };
    EXPECT_EQ(word(0x20), 6u);
    EXPECT_EQ(word(0x30), 0x0005'0014u);
    EXPECT_EQ(word(0x80), 0x35u);
    EXPECT_EQ(word(0xa0), 0x60u);
    EXPECT_EQ(word(0xd0), 1u << 6);
    EXPECT_EQ(word(0xf0), 0x1ffu);
    EXPECT_EQ(word(0x130), 1u << 1) << "0x61 in service";
    EXPECT_EQ(word(0x1b0), 1u << 1) << "by level";
    EXPECT_EQ(word(0x240), 1u << 3) << "0x83 requested";
    EXPECT_EQ(word(0x270), 1u << 15 | 1u << 30) << "0xef, and the error's 0xfe";
    EXPECT_EQ(word(0x280), 0x20u);
    EXPECT_EQ(word(0x300), 0x0fu);
    EXPECT_EQ(word(0x320), 0x200ecu);
    EXPECT_EQ(word(0x350), 0x8700u);
    EXPECT_EQ(word(0x380), 1000u);
    EXPECT_EQ(word(0x390), 979u);
    EXPECT_EQ(word(0x3e0), 0xbu);
    LocalApic fresh(VcpuId(0));
    EXPECT_EQ(fresh.save(start).disabled, Saved::software_disabled);
    EXPECT_EQ(fresh.save(start).timer_divisor, 2u);
    EXPECT_TRUE(fresh.set_base(0));
    EXPECT_EQ(fresh.save(start).disabled, Saved::software_disabled | Saved::hardware_disabled);
}

TEST(saved, the_timer_goes_on_at_another_time) {
    auto apic = busy(xapic(3));
    const Saved saved = apic.save(at(2500));
    const auto again = loaded(saved, at(1'000'000));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->deadline(), Deadline(Time(1'000'000 + 8000)));
    auto once = xapic(3);
    write(once, Register::timer, 0xec);
    write(once, Register::initial_count, 10);
    const auto fired = loaded(once.save(at(5000)), at(7000));
    ASSERT_TRUE(fired);
    EXPECT_EQ(fired->pending(), 0xec) << "an end that was due is not lost";
    EXPECT_EQ(fired->deadline(), Deadline()) << "and comes once";
    auto armed = xapic(3);
    write(armed, Register::timer, 2u << 17 | 0xec);
    armed.set_tsc_deadline(Tsc(900), at(0, 100));
    const Saved by_tsc = armed.save(at(0, 200));
    EXPECT_EQ(by_tsc.tsc_deadline, 900u);
    EXPECT_EQ(loaded(by_tsc, at(0, 300))->deadline(), Deadline(Tsc(900)));
}

TEST(saved, a_count_that_xen_does_not_tell_begins_again) {
    auto apic = busy(xapic(3));
    Saved saved = apic.save(at(2500));
    saved.at(Register::current_count) = 0;
    saved.beside(Register::current_count) = 0;
    EXPECT_EQ(loaded(saved, at(100))->deadline(), Deadline(Time(10'100)));
}

TEST(saved, an_x2apics_logical_id_may_be_what_older_xen_made_of_the_vcpu) {
    auto apic = x2apic(3);
    Saved saved = apic.save(start);
    EXPECT_EQ(saved.at(Register::logical_destination), 1u << 6);
    saved.at(Register::logical_destination) = 1u << 3;
    EXPECT_EQ(loaded(saved)->address().logical, 1u << 3);
    saved.at(Register::logical_destination) = 1;
    EXPECT_EQ(loaded(saved)->address().logical, 1u << 6);
}

TEST(saved, what_cannot_be_an_apics_is_refused) {
    const auto is_refused = [](auto&& change) {
        Saved saved = busy(xapic(3)).save(at(700));
        EXPECT_TRUE(loaded(saved));
        change(saved);
        const auto result = loaded(saved);
        return !result && result.error() == Error::invalid;
    };
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.base |= 1; }));
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.base |= 1ull << 52; }));
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.base = 0xfee0'0400; })) << "x2APIC and off";
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.at(Register::requested) = 1; }));
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.at(Register::in_service) = 1u << 15; }));
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.at(Register::level_triggered) = 1u << 14; }));
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.registers[0x130 / 4] |= 1u << 7; })) << "0x67 beside 0x61";
    EXPECT_TRUE(is_refused([](Saved& saved) { saved.at(Register::current_count) = 1001; }));
}

// Whatever tools write: an APIC that is sound, or none; and one that is loaded is saved as it was understood.
TEST(saved, any_words_make_a_sound_apic_or_none) {
    std::mt19937_64 random(7);
    unsigned made = 0;
    for (int round = 0; round < 20000; ++round) {
        Saved saved = busy(round % 2 ? xapic(3) : x2apic(3)).save(at(700));
        const unsigned changes = 1 + static_cast<unsigned>(random() % 6);
        for (unsigned change = 0; change < changes; ++change)
            saved.registers[random() % saved.registers.size()] = static_cast<std::uint32_t>(random());
        if (random() % 4 == 0) saved.base ^= std::uint64_t{1} << random() % 64;
        if (random() % 4 == 0) saved.tsc_deadline = random();
        auto apic = loaded(saved, at(10, 20));
        if (!apic) continue;
        ++made;
        ASSERT_TRUE(is_sound(*apic));
        auto again = loaded(apic->save(at(10, 20)), at(10, 20));
        ASSERT_TRUE(again);
        ASSERT_EQ(*again, *apic);
    }
    EXPECT_GT(made, 5000u);
}

}  // namespace
}  // namespace basalt::apic
