#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "schedule/run_end.hpp"
#include "schedule/simulation.hpp"

namespace basalt::simulation {
namespace {

TEST(run_end, the_first_reason_counts_until_it_is_taken_back) {
    SchedulingGroup group;
    RunEnd end(group);
    EXPECT_EQ(end.state().reason, std::nullopt);
    EXPECT_EQ(end.name(3), 3);
    EXPECT_EQ(end.state().reason, 3);
    EXPECT_FALSE(end.state().over);
    EXPECT_TRUE(group.may_run());
    EXPECT_TRUE(end.end(0));
    EXPECT_FALSE(end.end(1));
    EXPECT_EQ(end.state().reason, 3);
    EXPECT_TRUE(end.state().over);
    end.take_back();
    EXPECT_EQ(end.state().reason, std::nullopt);
    EXPECT_TRUE(end.end(0xff));   // any byte is a reason
    EXPECT_EQ(end.name(1), 0xff);
}

TEST(run_end, taking_back_an_end_that_there_is_not_takes_nothing_else_away) {
    SchedulingGroup group;
    RunEnd end(group);
    group.hold(GroupHold::paused);
    end.take_back();
    end.take_back();
    EXPECT_FALSE(group.may_run());
    group.release(GroupHold::paused);
    EXPECT_TRUE(group.may_run());
}

TEST(run_end, a_unit_that_comes_after_the_end_waits_with_the_others) {
    Machine machine(1);
    auto& group = machine.group();
    RunEnd end(group);
    auto& early = machine.unit(group);
    end.end(0);
    machine.scheduler.settle(early.unit);
    auto& late = machine.unit(group);   // it is brought up, too
    machine.run(milliseconds(10));
    EXPECT_EQ(machine.scheduler.current(CpuId(0)), nullptr);
    end.take_back();
    machine.scheduler.settle(early.unit);
    machine.scheduler.settle(late.unit);
    machine.run(milliseconds(100));
    EXPECT_GT(early.turns, 0u);
    EXPECT_GT(late.turns, 0u);
}

// Whatever the order: where the run has ended there is a reason, and where it has not its units may run.
TEST(run_end, guests_and_tools_at_once_leave_reason_and_hold_agreed) {
    constexpr int rounds = 200'000;
    SchedulingGroup group;
    RunEnd end(group);
    std::atomic<int> taken_back{0};
    std::atomic<bool> over{false};
    std::thread guest([&] {
        for (int round = 0; round < rounds || taken_back == 0; ++round) end.end(static_cast<std::uint8_t>(round % 5));
        over = true;
    });
    std::thread tools([&] {
        while (!over) {
            if (group.held(GroupHold::shut_down)) ++taken_back;
            end.take_back();
        }
    });
    guest.join();
    tools.join();
    EXPECT_EQ(end.state().over, end.state().reason.has_value());
    EXPECT_EQ(end.state().over, !group.may_run());
    end.take_back();
    EXPECT_TRUE(group.may_run());
}

}  // namespace
}  // namespace basalt::simulation
