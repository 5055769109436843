// Which interrupt a vcpu takes next, and which it ends: every vector against every task priority and everything in service.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "apic/guest.hpp"

namespace basalt::apic {
namespace {

using namespace guest;

constexpr int none = -1;

// SDM 11.8.3.1, with decimals: a priority's class is its sixteenth.
int expected_processor_priority(int task, int serving) {
    const int class_in_service = serving == none ? 0 : serving / 16;
    return task / 16 >= class_in_service ? task : class_in_service * 16;
}

LocalApic serving(int vector) {
    auto apic = xapic();
    if (vector == none) return apic;
    EXPECT_TRUE(apic.accept(static_cast<std::uint8_t>(vector), Trigger::edge));
    apic.deliver(static_cast<std::uint8_t>(vector));
    return apic;
}

int number(std::optional<std::uint8_t> vector) { return vector ? *vector : none; }

TEST(priorities, a_vector_interrupts_when_its_class_is_above_all_that_holds_it_off) {
    for (int in_service = 15; in_service < 256; ++in_service) {
        const int held = in_service < first_vector ? none : in_service;
        for (int task = 0; task < 256; task += 17) {    // every class, with another subclass each
            auto apic = serving(held);
            apic.set_task_priority(static_cast<std::uint8_t>(task));
            const int priority = expected_processor_priority(task, held);
            ASSERT_EQ(apic.processor_priority(), priority);
            ASSERT_EQ(read(apic, Register::processor_priority), static_cast<std::uint32_t>(priority));
            for (int vector = first_vector; vector < 256; ++vector) {
                auto asked = apic;
                ASSERT_TRUE(asked.accept(static_cast<std::uint8_t>(vector), Trigger::edge));
                ASSERT_EQ(number(asked.pending()), vector / 16 > priority / 16 ? vector : none) << vector << " at " << priority;
                const int but_for_task = held == none || vector / 16 > held / 16 ? vector : none;
                ASSERT_EQ(number(asked.pending_but_for_task_priority()), but_for_task) << vector << " over " << held;
            }
        }
    }
}

TEST(priorities, the_highest_of_two_that_are_requested_comes_first) {
    for (int one = first_vector; one < 256; ++one)
        for (int other = first_vector; other < 256; ++other) {
            auto apic = xapic();
            apic.accept(static_cast<std::uint8_t>(one), Trigger::edge);
            apic.accept(static_cast<std::uint8_t>(other), Trigger::edge);
            ASSERT_EQ(number(apic.pending()), std::max(one, other));
        }
}

TEST(priorities, what_is_delivered_is_no_longer_requested_and_comes_again) {
    auto apic = xapic();
    EXPECT_TRUE(apic.accept(0x31, Trigger::edge));
    EXPECT_FALSE(apic.accept(0x31, Trigger::edge)) << "was there already";
    apic.deliver(0x31);
    EXPECT_EQ(apic.pending(), std::nullopt);
    EXPECT_TRUE(apic.accept(0x31, Trigger::edge)) << "once more, meanwhile";
    EXPECT_EQ(apic.pending(), std::nullopt) << "of the class that is in service";
    EXPECT_EQ(apic.end(), (Ended{0x31, Trigger::edge}));
    EXPECT_EQ(apic.pending(), 0x31);
}

TEST(priorities, what_nests_ends_in_the_reverse_order) {
    std::mt19937 random(1);
    for (int round = 0; round < 2000; ++round) {
        auto apic = round % 2 ? xapic() : x2apic();
        std::vector<Ended> open;
        for (int step = 0; step < 60; ++step) {
            const auto vector = static_cast<std::uint8_t>(first_vector + random() % (256 - first_vector));
            const auto trigger = random() % 2 ? Trigger::level : Trigger::edge;
            const bool known = apic.state().requested.has(vector) || apic.state().in_service.has(vector);
            if (!known && random() % 2) apic.accept(vector, trigger);
            if (const auto pending = apic.pending(); pending && random() % 2) {
                const bool level = apic.state().level_triggered.has(*pending);
                apic.deliver(*pending);
                open.push_back({*pending, level ? Trigger::level : Trigger::edge});
            }
            if (random() % 4 != 0) continue;
            const auto effect = write(apic, Register::end_of_interrupt, 0);
            ASSERT_EQ(effect, open.empty() ? Effect() : Effect(open.back()));
            if (!open.empty()) open.pop_back();
            ASSERT_TRUE(is_sound(apic));
        }
    }
}

TEST(priorities, an_end_without_an_interrupt_says_nothing) {
    auto apic = xapic();
    apic.accept(0x50, Trigger::level);
    EXPECT_EQ(apic.end(), std::nullopt);
    EXPECT_EQ(apic.pending(), 0x50);
}

TEST(priorities, how_a_vector_is_triggered_is_what_it_came_by_last) {
    auto apic = xapic();
    apic.accept(0x50, Trigger::level);
    EXPECT_EQ(apic.read(offset(Register::level_triggered, 2), start), 1u << 16);
    apic.accept(0x50, Trigger::edge);
    EXPECT_EQ(apic.read(offset(Register::level_triggered, 2), start), 0u);
}

TEST(priorities, registers_show_each_vector_in_its_place) {
    for (unsigned vector = first_vector; vector < 256; ++vector) {
        auto apic = xapic();
        apic.accept(static_cast<std::uint8_t>(vector), Trigger::level);
        for (unsigned part = 0; part < 8; ++part) {
            const std::uint32_t expected = vector / 32 == part ? 1u << vector % 32 : 0;
            ASSERT_EQ(apic.read(offset(Register::requested, part), start), expected);
            ASSERT_EQ(apic.read(offset(Register::level_triggered, part), start), expected);
            ASSERT_EQ(apic.read(offset(Register::in_service, part), start), 0u);
        }
        apic.deliver(static_cast<std::uint8_t>(vector));
        ASSERT_EQ(apic.read(offset(Register::in_service, vector / 32), start), 1u << vector % 32);
        ASSERT_EQ(apic.read(offset(Register::requested, vector / 32), start), 0u);
    }
}

TEST(priorities, cr8_is_the_class_of_the_task_priority) {
    auto apic = xapic();
    for (unsigned priority = 0; priority < 256; ++priority) {
        write(apic, Register::task_priority, 0xffffff00 | priority);
        EXPECT_EQ(read(apic, Register::task_priority), priority);
        EXPECT_EQ(apic.cr8(), priority / 16);
        apic.follow_cr8(static_cast<std::uint8_t>(priority / 16));
        EXPECT_EQ(apic.task_priority(), priority) << "CR8 was not moved";
        apic.follow_cr8(static_cast<std::uint8_t>(priority / 16 ^ 5));
        EXPECT_EQ(apic.task_priority(), (priority / 16 ^ 5) * 16);
    }
}

TEST(priorities, nothing_comes_while_software_has_not_enabled_the_apic) {
    LocalApic apic{VcpuId(0)};
    EXPECT_FALSE(apic.accept(0x40, Trigger::edge));
    write(apic, Register::spurious, spurious_and_enabled);
    EXPECT_TRUE(apic.accept(0x40, Trigger::edge));
    write(apic, Register::spurious, 0xff);
    EXPECT_FALSE(apic.accept(0x50, Trigger::edge));
    EXPECT_EQ(apic.pending(), std::nullopt);
    EXPECT_EQ(apic.pending_but_for_task_priority(), std::nullopt);
    write(apic, Register::spurious, spurious_and_enabled);
    EXPECT_EQ(apic.pending(), 0x40) << "what had been requested waits";
}

}  // namespace
}  // namespace basalt::apic
