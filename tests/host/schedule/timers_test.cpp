#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "fakes/machine.hpp"
#include "schedule/timers.hpp"
#include "schedule/vcpu_timers.hpp"

namespace basalt {
namespace {

thread_local Instant programmed = never;
thread_local std::vector<Timer*> fired;

void fire(Timer& timer) { fired.push_back(&timer); }

struct timers : testing::Test {
    void SetUp() override {
        fakes::cpu = CpuId(0);
        fakes::clock = 0;
        programmed = never;
        fired.clear();
    }
    Timers queues;
};

}  // namespace

void program_timer(Instant deadline) { programmed = deadline; }

namespace {
int virqs_raised;
}
void raise_timer_virq(VcpuTimers&) { ++virqs_raised; }
void end_of_poll(VcpuTimers&) {}

namespace {

TEST_F(timers, they_fire_in_order_and_program_the_next) {
    Timer late(fire), early(fire), middle(fire);
    queues.set(late, Instant(30));
    queues.set(early, Instant(10));
    queues.set(middle, Instant(20));
    EXPECT_EQ(programmed, Instant(10));
    fakes::clock = 20;
    queues.expire();
    EXPECT_EQ(fired, (std::vector{&early, &middle}));
    EXPECT_EQ(programmed, Instant(30));
    EXPECT_FALSE(early.armed());
    queues.cancel(late);
    EXPECT_EQ(queues.next_deadline(), never);
}

TEST_F(timers, the_heap_agrees_with_a_sorted_set) {
    std::mt19937 random(7);
    std::vector<std::unique_ptr<Timer>> all;
    for (int count = 0; count < 200; ++count) all.push_back(std::make_unique<Timer>(fire));
    std::set<std::pair<std::uint64_t, Timer*>> model;
    for (int step = 0; step < 50'000; ++step) {
        auto& timer = *all[random() % all.size()];
        if (timer.armed()) model.erase({timer.deadline().raw, &timer});
        if (random() % 3 != 0) {
            const auto deadline = fakes::clock + 1 + random() % 1000;
            queues.set(timer, Instant(deadline));
            model.insert({deadline, &timer});
        } else {
            queues.cancel(timer);
        }
        EXPECT_EQ(queues.next_deadline(), model.empty() ? never : Instant(model.begin()->first));
        if (random() % 10 != 0) continue;
        fakes::clock += random() % 300;
        fired.clear();
        queues.expire();
        std::size_t due = 0;
        while (!model.empty() && model.begin()->first <= fakes::clock) {
            model.erase(model.begin());
            ++due;
        }
        ASSERT_EQ(fired.size(), due);
    }
    for (auto& timer : all) queues.cancel(*timer);
}

TEST_F(timers, one_moves_to_the_cpu_that_sets_or_fetches_it) {
    Timer timer(fire);
    queues.set(timer, Instant(10));
    fakes::cpu = CpuId(1);
    programmed = never;
    queues.bring_here(timer);
    EXPECT_EQ(programmed, Instant(10));
    fakes::clock = 10;
    fakes::cpu = CpuId(0);
    queues.expire();
    EXPECT_TRUE(fired.empty());
    fakes::cpu = CpuId(1);
    queues.expire();
    EXPECT_EQ(fired.size(), 1u);
}

TEST_F(timers, a_later_deadline_is_left_to_the_interrupt_under_way) {
    Timer timer(fire);
    queues.set(timer, Instant(10));
    queues.set(timer, Instant(50));
    EXPECT_EQ(programmed, Instant(10));
    fakes::clock = 10;
    queues.expire();
    EXPECT_TRUE(fired.empty());
    EXPECT_EQ(programmed, Instant(50));
    queues.cancel(timer);
}

// Two CPUs set, fetch, cancel and expire the same timers; a lost or doubled one breaks the heap or the count.
TEST_F(timers, cpus_may_race_for_one) {
    static std::atomic<int> acted;
    acted = 0;
    const auto act = [](Timer&) { ++acted; };
    std::vector<std::unique_ptr<Timer>> shared;
    for (int count = 0; count < 8; ++count) shared.push_back(std::make_unique<Timer>(act));
    const auto race = [&](std::uint32_t cpu) {
        fakes::cpu = CpuId(cpu);
        std::mt19937 random(cpu);
        for (int step = 0; step < 30'000; ++step) {
            auto& timer = *shared[random() % shared.size()];
            switch (random() % 5) {
                case 0: queues.cancel(timer); break;
                case 1: queues.bring_here(timer); break;
                case 2: queues.expire(); break;
                default: queues.set(timer, Instant(fakes::clock++ + random() % 50)); break;
            }
        }
    };
    std::thread one(race, 1), other(race, 2);
    one.join();
    other.join();
    for (auto& timer : shared) queues.cancel(*timer);
    for (std::uint32_t cpu : {1, 2}) {
        fakes::cpu = CpuId(cpu);
        EXPECT_EQ(queues.next_deadline(), never);
    }
    EXPECT_GT(acted, 0);
}

TEST_F(timers, of_a_vcpu) {
    VcpuTimers vcpu(queues);
    virqs_raised = 0;
    fakes::clock = milliseconds(5);
    EXPECT_EQ(vcpu.set_singleshot(Instant(milliseconds(4)), true).error(), Error::timed_out);
    EXPECT_TRUE(vcpu.set_singleshot(Instant(milliseconds(4)), false));
    queues.expire();
    EXPECT_EQ(virqs_raised, 1);
    EXPECT_EQ(vcpu.set_periodic(microseconds(10)).error(), Error::invalid);
    EXPECT_TRUE(vcpu.set_periodic(milliseconds(10)));
    fakes::clock = milliseconds(15);
    queues.expire();
    EXPECT_EQ(virqs_raised, 2);
    vcpu.switched_out();
    fakes::clock = milliseconds(95);
    queues.expire();
    EXPECT_EQ(virqs_raised, 2);
    vcpu.switched_in(false);
    EXPECT_EQ(virqs_raised, 3);
    vcpu.stop_all();
    EXPECT_EQ(queues.next_deadline(), never);
}

// One that is down, blocked or paused costs nobody anything but the first tick of each time that it is set.
TEST_F(timers, a_vcpu_that_does_not_run_is_ticked_once) {
    VcpuTimers vcpu(queues);
    virqs_raised = 0;
    EXPECT_TRUE(vcpu.set_periodic(milliseconds(10)));
    for (fakes::clock = milliseconds(10); fakes::clock < milliseconds(100); fakes::clock += milliseconds(10)) queues.expire();
    EXPECT_EQ(virqs_raised, 1);
    EXPECT_EQ(queues.next_deadline(), never);
    vcpu.switched_in(true);
    EXPECT_EQ(virqs_raised, 2);   // for all that it missed
    EXPECT_EQ(queues.next_deadline(), Instant(milliseconds(110)));
    vcpu.stop_all();
}

TEST_F(timers, a_vcpu_that_runs_is_ticked_by_its_own_cpu) {
    VcpuTimers vcpu(queues);
    virqs_raised = 0;
    vcpu.switched_in(true);
    fakes::cpu = CpuId(1);
    EXPECT_TRUE(vcpu.set_periodic(milliseconds(10)));
    fakes::cpu = CpuId(0);
    vcpu.follow_period();
    EXPECT_EQ(queues.next_deadline(), Instant(milliseconds(10)));
    fakes::cpu = CpuId(1);
    EXPECT_EQ(queues.next_deadline(), never);
    fakes::cpu = CpuId(0);
    for (std::uint64_t tick = 1; tick <= 3; ++tick) {
        fakes::clock = milliseconds(10 * tick);
        queues.expire();
        EXPECT_EQ(virqs_raised, static_cast<int>(tick));
    }
    vcpu.switched_out();
    EXPECT_EQ(queues.next_deadline(), never);
    vcpu.stop_all();
}

// It is due on the CPU that has set it before the vcpu's own has looked: one tick, not two.
TEST_F(timers, a_period_that_is_noticed_late_has_ticked_already) {
    VcpuTimers vcpu(queues);
    virqs_raised = 0;
    vcpu.switched_in(true);
    fakes::cpu = CpuId(1);
    EXPECT_TRUE(vcpu.set_periodic(milliseconds(10)));
    fakes::clock = milliseconds(10);
    queues.expire();
    EXPECT_EQ(virqs_raised, 1);
    EXPECT_EQ(queues.next_deadline(), never);
    fakes::cpu = CpuId(0);
    vcpu.follow_period();
    EXPECT_EQ(virqs_raised, 1);
    EXPECT_EQ(queues.next_deadline(), Instant(milliseconds(20)));
    vcpu.stop_periodic();
    fakes::clock = milliseconds(20);
    queues.expire();
    EXPECT_EQ(virqs_raised, 1);
    vcpu.stop_all();
}

}  // namespace
}  // namespace basalt
