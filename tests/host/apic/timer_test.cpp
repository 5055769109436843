// The timer in its modes, told what time it is.
#include <gtest/gtest.h>

#include "apic/guest.hpp"

namespace basalt::apic {
namespace {

using namespace guest;

constexpr std::uint32_t one_shot = 0, periodic = 1 << 17, by_tsc = 2 << 17, reserved_mode = 3 << 17, masked = entry::masked;
constexpr std::uint8_t vector = 0xec;

constexpr Deadline none{};
Deadline by_time(std::uint64_t nanoseconds) { return Time(nanoseconds); }

LocalApic timer(std::uint32_t mode, std::uint32_t count, Now now = start, std::uint32_t divide = 0xb) {
    auto apic = xapic();
    write(apic, Register::timer, mode | vector, now);
    write(apic, Register::divide, divide, now);
    write(apic, Register::initial_count, count, now);
    return apic;
}

bool has_come(LocalApic& apic) {
    if (apic.pending() != vector) return false;
    apic.deliver(vector);
    apic.end();
    return true;
}

TEST(timer, counts_once_through_each_of_the_rates) {
    const std::pair<std::uint32_t, unsigned> rates[] = {{0, 2},  {1, 4},  {2, 8},     {3, 16},
                                                        {8, 32}, {9, 64}, {0xa, 128}, {0xb, 1}};
    for (const auto [divide, divisor] : rates) {
        auto apic = timer(one_shot, 1000, at(7), divide);
        const std::uint64_t tick = 10 * divisor;
        EXPECT_EQ(apic.deadline(), by_time(7 + 1000 * tick));
        for (unsigned ticks = 0; ticks <= 1000; ++ticks) {
            ASSERT_EQ(read(apic, Register::current_count, at(7 + ticks * tick)), 1000 - ticks);
            ASSERT_EQ(read(apic, Register::current_count, at(7 + ticks * tick + 1)), 1000 - ticks) << "of a tick that began";
        }
        EXPECT_FALSE(apic.fire(at(6 + 1000 * tick)));
        EXPECT_TRUE(apic.fire(at(7 + 1000 * tick)));
        EXPECT_TRUE(has_come(apic));
        EXPECT_EQ(apic.deadline(), none);
        EXPECT_EQ(read(apic, Register::current_count, at(8 + 1000 * tick)), 0u);
        EXPECT_FALSE(apic.fire(at(9'000'000'000))) << "once";
        EXPECT_EQ(read(apic, Register::initial_count), 1000u);
    }
}

TEST(timer, comes_again_and_again_and_once_for_all_that_were_missed) {
    auto apic = timer(periodic, 100, at(50));
    EXPECT_EQ(apic.deadline(), by_time(1050));
    EXPECT_EQ(read(apic, Register::current_count, at(1049)), 1u);
    EXPECT_EQ(read(apic, Register::current_count, at(1050)), 100u) << "before anybody let it fire";
    EXPECT_EQ(read(apic, Register::current_count, at(3350)), 70u) << "though nobody has let it fire for long";
    EXPECT_TRUE(apic.fire(at(1050)));
    EXPECT_TRUE(has_come(apic));
    EXPECT_EQ(apic.deadline(), by_time(2050));
    EXPECT_TRUE(apic.fire(at(7777)));
    EXPECT_TRUE(has_come(apic));
    EXPECT_EQ(apic.deadline(), by_time(8050)) << "in step with its beginning";
    EXPECT_EQ(read(apic, Register::current_count, at(7777)), 28u);
    EXPECT_FALSE(apic.fire(at(7778)));
}

TEST(timer, does_not_ask_to_be_fired_while_it_is_masked_yet_counts) {
    for (const std::uint32_t mode : {one_shot, periodic}) {
        auto apic = timer(mode | masked, 100);
        EXPECT_EQ(apic.deadline(), none);
        EXPECT_EQ(read(apic, Register::current_count, at(250)), 75u);
        write(apic, Register::timer, mode | vector, at(500));
        EXPECT_EQ(apic.deadline(), by_time(1000)) << "goes on when it is unmasked";
        write(apic, Register::timer, mode | masked | vector, at(600));
        write(apic, Register::timer, mode | vector, at(1500));
        EXPECT_FALSE(has_come(apic)) << "its end came while it was masked";
        EXPECT_EQ(apic.deadline(), mode == periodic ? by_time(2000) : none);
    }
}

TEST(timer, an_end_before_a_write_is_not_lost_by_it) {
    const auto written_late = [](Register which, std::uint32_t value) {
        auto apic = timer(one_shot, 100);
        write(apic, which, value, at(1001));
        const bool enabled = apic.is_enabled();
        if (!enabled) write(apic, Register::spurious, spurious_and_enabled, at(1001));
        return has_come(apic);
    };
    EXPECT_TRUE(written_late(Register::timer, masked));
    EXPECT_TRUE(written_late(Register::timer, by_tsc));
    EXPECT_TRUE(written_late(Register::initial_count, 0));
    EXPECT_TRUE(written_late(Register::divide, 0));
    EXPECT_TRUE(written_late(Register::spurious, 0xff));
}

TEST(timer, begins_anew_with_each_initial_count_and_stops_at_0) {
    auto apic = timer(periodic, 100);
    EXPECT_EQ(write(apic, Register::initial_count, 50, at(400)), Effect(Effect::Kind::timer));
    EXPECT_EQ(apic.deadline(), by_time(900));
    write(apic, Register::initial_count, 0, at(500));
    EXPECT_EQ(apic.deadline(), none);
    EXPECT_EQ(read(apic, Register::current_count, at(501)), 0u);
    EXPECT_FALSE(apic.fire(at(5000)));
}

TEST(timer, counts_the_longest_there_is) {
    auto apic = timer(one_shot, 0xffff'ffff, at(1ull << 62), 0xa);
    EXPECT_EQ(apic.deadline(), by_time((1ull << 62) + 0xffff'ffffull * 1280));
    EXPECT_EQ(read(apic, Register::current_count, at(1ull << 62)), 0xffff'ffffu);
}

TEST(timer, keeps_its_count_when_the_rate_changes) {
    for (std::uint32_t before : {0u, 1u, 2u, 3u, 8u, 9u, 10u, 11u})
        for (std::uint32_t after : {0u, 1u, 2u, 3u, 8u, 9u, 10u, 11u})
            for (const std::uint64_t now : {0u, 1u, 9u, 10u, 127u, 1270u, 4321u}) {
                auto apic = timer(one_shot, 1000, start, before);
                const auto count = read(apic, Register::current_count, at(now));
                write(apic, Register::divide, after | 0xfffffff4, at(now));
                ASSERT_EQ(read(apic, Register::divide), after);
                ASSERT_EQ(read(apic, Register::current_count, at(now)), count) << before << " to " << after << " at " << now;
            }
}

TEST(timer, goes_on_between_the_modes_that_count) {
    auto apic = timer(one_shot, 100);
    write(apic, Register::timer, periodic | vector, at(300));
    EXPECT_EQ(apic.deadline(), by_time(1000));
    EXPECT_TRUE(apic.fire(at(1000)));
    EXPECT_TRUE(has_come(apic));
    write(apic, Register::timer, one_shot | vector, at(1200));
    EXPECT_EQ(apic.deadline(), by_time(2000));
    EXPECT_TRUE(apic.fire(at(2000)));
    EXPECT_EQ(apic.deadline(), none);
}

TEST(timer, is_disarmed_on_the_way_to_and_from_a_deadline) {
    auto apic = timer(periodic, 100);
    write(apic, Register::timer, by_tsc | vector, at(10));
    EXPECT_EQ(apic.deadline(), none);
    EXPECT_EQ(read(apic, Register::initial_count), 0u);
    write(apic, Register::initial_count, 5, at(10));
    EXPECT_EQ(read(apic, Register::initial_count), 0u) << "of modes that count";
    EXPECT_EQ(read(apic, Register::current_count, at(11)), 0u);
    apic.set_tsc_deadline(Tsc(77), at(20, 50));
    EXPECT_EQ(apic.deadline(), Deadline(Tsc(77)));
    write(apic, Register::timer, one_shot | vector, at(30, 60));
    EXPECT_EQ(apic.deadline(), none);
    EXPECT_EQ(apic.tsc_deadline(at(30, 60)), Tsc(0));
    apic.set_tsc_deadline(Tsc(77), at(30, 60));
    EXPECT_EQ(apic.deadline(), none) << "in another mode it is ignored";
    write(apic, Register::timer, reserved_mode | vector, at(30));
    write(apic, Register::initial_count, 5, at(30));
    EXPECT_EQ(apic.deadline(), none);
}

TEST(timer, fires_when_the_guests_tsc_is_at_its_deadline) {
    auto apic = timer(by_tsc, 0);
    EXPECT_EQ(apic.set_tsc_deadline(Tsc(1000), at(0, 400)), Effect(Effect::Kind::timer));
    EXPECT_EQ(apic.tsc_deadline(at(0, 999)), Tsc(1000));
    EXPECT_EQ(apic.tsc_deadline(at(0, 1000)), Tsc(0)) << "it has passed, whether or not anybody looked";
    EXPECT_FALSE(apic.fire(at(9999, 999)));
    EXPECT_TRUE(apic.fire(at(0, 1000)));
    EXPECT_TRUE(has_come(apic));
    EXPECT_EQ(apic.deadline(), none);
    apic.set_tsc_deadline(Tsc(500), at(0, 1000));
    EXPECT_TRUE(has_come(apic)) << "at once, if it has passed";
    apic.set_tsc_deadline(Tsc(2000), at(0, 1000));
    apic.set_tsc_deadline(Tsc(0), at(0, 1000));
    EXPECT_EQ(apic.deadline(), none);
    EXPECT_FALSE(apic.fire(at(0, 3000)));
}

TEST(timer, an_illegal_vector_is_an_error_and_no_interrupt) {
    auto apic = xapic();
    write(apic, Register::error, 0xfe);
    write(apic, Register::timer, one_shot | 3);
    write(apic, Register::divide, 0xb);
    write(apic, Register::initial_count, 1);
    EXPECT_TRUE(apic.fire(at(10)));
    EXPECT_EQ(apic.pending(), 0xfe);
    write(apic, Register::error_status, 0);
    EXPECT_EQ(read(apic, Register::error_status), errors::received_illegal_vector);
}

TEST(timer, stops_with_its_apic) {
    auto apic = timer(periodic, 100);
    EXPECT_EQ(write(apic, Register::spurious, 0xff, at(10)), Effect(Effect::Kind::enable));
    EXPECT_EQ(apic.deadline(), none) << "its entry is masked";
    write(apic, Register::spurious, spurious_and_enabled, at(20));
    EXPECT_EQ(apic.deadline(), none) << "and stays so";
    write(apic, Register::timer, periodic | vector, at(30));
    EXPECT_EQ(apic.deadline(), by_time(1000));
    apic.init();
    EXPECT_EQ(apic.deadline(), none);
    EXPECT_EQ(read(apic, Register::initial_count), 0u);
}

}  // namespace
}  // namespace basalt::apic
