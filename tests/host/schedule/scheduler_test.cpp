#include <gtest/gtest.h>

#include "abi/vcpu.hpp"
#include "schedule/simulation.hpp"

namespace basalt::simulation {
namespace {

constexpr Nanoseconds second = milliseconds(1000);
constexpr CpuMask cpu0 = CpuMask::of(CpuId(0));
constexpr CpuMask cpu1 = CpuMask::of(CpuId(1));

void expect_share(Machine& machine, Unit& unit, double wanted, double tolerance = 0.05) {
    EXPECT_NEAR(machine.share(unit), wanted, wanted * tolerance);
}

TEST(scheduler, one_unit_a_cpu_never_ticks_and_never_moves) {
    Machine machine(4);
    auto& group = machine.group();
    std::vector<Unit*> units;
    for (int count = 0; count < 4; ++count) units.push_back(&machine.unit(group));
    machine.run(10 * second);
    for (auto* unit : units) expect_share(machine, *unit, 100, 0.001);
    EXPECT_EQ(machine.switches, 4u);
    EXPECT_LE(machine.kicks, 8u);
}

TEST(scheduler, a_cpu_knows_how_long_it_was_idle) {
    Machine machine(2);
    machine.unit(machine.group(), {}, cpu0);
    machine.unit(machine.group(), {.run = milliseconds(3), .sleep = milliseconds(7)}, cpu1);
    machine.run(10 * second);
    EXPECT_LT(machine.scheduler.idle_time(CpuId(0)), milliseconds(1));
    EXPECT_NEAR(static_cast<double>(machine.scheduler.idle_time(CpuId(1))), 7e9, 0.1e9);
}

TEST(scheduler, tools_say_how_long_a_turn_is_at_least) {
    Machine machine(1);
    for (int count = 0; count < 2; ++count) machine.unit(machine.group());
    EXPECT_EQ(machine.scheduler.set_shortest_turn(milliseconds(501)), refuse(Error::invalid));
    EXPECT_EQ(machine.scheduler.set_shortest_turn(microseconds(99)), refuse(Error::invalid));
    EXPECT_TRUE(machine.scheduler.set_shortest_turn(0));
    EXPECT_TRUE(machine.scheduler.set_shortest_turn(milliseconds(100)));
    machine.run(10 * second);
    EXPECT_LE(machine.switches, 101u);
    EXPECT_GE(machine.switches, 95u);
}

TEST(scheduler, weights_divide_one_cpu) {
    Machine machine(1);
    auto& light = machine.unit(machine.group(256));
    auto& heavy = machine.unit(machine.group(768));
    machine.run(2 * second);
    expect_share(machine, light, 25, 0.02);
    expect_share(machine, heavy, 75, 0.02);
    EXPECT_LT(machine.switches, 2 * 1000u);
}

TEST(scheduler, extreme_weights_starve_nobody) {
    Machine machine(1);
    auto& least = machine.unit(machine.group(1));
    auto& most = machine.unit(machine.group(most_weight));
    machine.run(200 * second);
    EXPECT_GT(least.turns, 0u);
    EXPECT_GT(machine.share(most), 99);
}

TEST(scheduler, three_equal_units_share_two_cpus) {
    Machine machine(2);
    auto& group = machine.group();
    std::vector<Unit*> units;
    for (int count = 0; count < 3; ++count) units.push_back(&machine.unit(group));
    machine.run(3 * second);
    for (auto* unit : units) expect_share(machine, *unit, 200.0 / 3);
    EXPECT_LT(machine.switches, 3 * 2 * 400u);
}

TEST(scheduler, many_units_share_few_cpus) {
    for (const auto [cpus, count] : {std::pair{2, 5}, {2, 7}, {3, 8}, {4, 5}, {4, 9}, {4, 33}, {8, 13}}) {
        Machine machine(static_cast<unsigned>(cpus));
        auto& group = machine.group();
        std::vector<Unit*> units;
        for (int made = 0; made < count; ++made) units.push_back(&machine.unit(group));
        machine.run(second);
        machine.mark();
        machine.run(4 * second);
        SCOPED_TRACE(testing::Message() << count << " units on " << cpus << " CPUs");
        for (auto* unit : units) expect_share(machine, *unit, 100.0 * cpus / count);
    }
}

TEST(scheduler, weights_hold_across_cpus) {
    Machine machine(2);
    auto& light = machine.group(256);
    auto& heavy = machine.group(768);
    std::vector<Unit*> lights, heavies;
    for (int count = 0; count < 4; ++count) lights.push_back(&machine.unit(light));
    for (int count = 0; count < 4; ++count) heavies.push_back(&machine.unit(heavy));
    machine.run(second);
    machine.mark();
    machine.run(4 * second);
    for (auto* unit : lights) expect_share(machine, *unit, 200.0 / 16);
    for (auto* unit : heavies) expect_share(machine, *unit, 3 * 200.0 / 16);
}

TEST(scheduler, a_weight_that_one_cpu_cannot_honour_leaves_the_rest_to_the_others) {
    Machine machine(2);
    auto& heavy = machine.unit(machine.group(10 * 256));
    auto& group = machine.group();
    auto& one = machine.unit(group);
    auto& other = machine.unit(group);
    machine.run(second);
    machine.mark();
    machine.run(4 * second);
    expect_share(machine, heavy, 100);
    expect_share(machine, one, 50);
    expect_share(machine, other, 50);
}

TEST(scheduler, time_alone_is_no_debt_when_others_come) {
    Machine machine(2);
    auto& group = machine.group();
    auto& early = machine.unit(group);
    auto& heavy = machine.unit(machine.group(most_weight));
    machine.run(100 * second);   // their virtual times are far apart now
    auto& third = machine.unit(group);
    auto& fourth = machine.unit(group);
    machine.run(second / 5);
    machine.mark();
    machine.run(2 * second);
    expect_share(machine, heavy, 100, 0.1);
    expect_share(machine, early, 100.0 / 3, 0.1);
    expect_share(machine, third, 100.0 / 3, 0.1);
    expect_share(machine, fourth, 100.0 / 3, 0.1);
}

TEST(scheduler, caps_bind_even_on_an_idle_machine) {
    Machine machine(2);
    auto& quarter = machine.unit(machine.group(default_weight, 25));
    auto& pair = machine.group(default_weight, 80);
    auto& one = machine.unit(pair);
    auto& other = machine.unit(pair);
    machine.run(5 * second);
    expect_share(machine, quarter, 25);
    EXPECT_NEAR(machine.share(one) + machine.share(other), 80, 4);
}

TEST(scheduler, pins_hold_and_the_others_make_room) {
    Machine machine(2);
    auto& group = machine.group();
    auto& pinned = machine.unit(group, {}, cpu0);
    auto& also = machine.unit(group, {}, cpu0);
    auto& free = machine.unit(group);
    machine.run(second / 2);
    machine.mark();
    machine.run(4 * second);
    EXPECT_EQ(pinned.unit.cpu(), CpuId(0));
    EXPECT_EQ(also.unit.cpu(), CpuId(0));
    expect_share(machine, pinned, 50);
    expect_share(machine, also, 50);
    expect_share(machine, free, 100, 0.02);
}

TEST(scheduler, a_changed_affinity_moves_running_and_waiting_units) {
    Machine machine(2);
    auto& group = machine.group();
    auto& one = machine.unit(group, {}, cpu0);
    auto& other = machine.unit(group, {}, cpu0);
    machine.run(milliseconds(20));
    ASSERT_TRUE(machine.scheduler.set_affinity(one.unit, cpu1, cpu1));
    machine.run(milliseconds(20));
    EXPECT_EQ(one.unit.cpu(), CpuId(1));
    ASSERT_TRUE(machine.scheduler.set_affinity(other.unit, cpu1, cpu1));
    machine.run(milliseconds(20));
    EXPECT_EQ(other.unit.cpu(), CpuId(1));
    EXPECT_FALSE(machine.scheduler.set_affinity(other.unit, CpuMask::of(CpuId(5)), cpu1));
    ASSERT_TRUE(machine.scheduler.pin(other.unit, CpuId(0)));
    EXPECT_EQ(machine.scheduler.pin(other.unit, CpuId(1)).error(), Error::busy);
    machine.run(milliseconds(20));
    EXPECT_EQ(other.unit.cpu(), CpuId(0));
    machine.scheduler.unpin(other.unit);
    machine.run(milliseconds(20));
    EXPECT_EQ(other.unit.cpu(), CpuId(1));
}

TEST(scheduler, a_waking_unit_that_uses_little_runs_soon) {
    Machine machine(1);
    auto& group = machine.group();
    for (int count = 0; count < 6; ++count) machine.unit(group);
    auto& light = machine.unit(group, {microseconds(200), milliseconds(7)});
    machine.run(milliseconds(100));
    light.longest_wait = 0;
    machine.run(5 * second);
    EXPECT_LE(light.longest_wait, milliseconds(1));
    EXPECT_GT(light.turns, 600u);
}

TEST(scheduler, sleeping_does_not_save_up_time) {
    Machine machine(1);
    auto& group = machine.group();
    auto& hog = machine.unit(group);
    auto& bursts = machine.unit(group, {milliseconds(400), milliseconds(400)});
    machine.run(milliseconds(100));
    hog.longest_wait = 0;
    machine.run(10 * second);
    EXPECT_LE(hog.longest_wait, milliseconds(25));
    EXPECT_GT(bursts.turns, 10u);
}

TEST(scheduler, everybody_waits_a_bounded_time) {
    Machine machine(3);
    auto& group = machine.group();
    std::vector<Unit*> units;
    for (int count = 0; count < 12; ++count) units.push_back(&machine.unit(group));
    for (int count = 0; count < 6; ++count)
        units.push_back(&machine.unit(group, {microseconds(100 * (1 + count)), microseconds(700 * (1 + count))}));
    machine.run(second);
    for (auto* unit : units) unit->longest_wait = 0;
    machine.run(5 * second);
    for (auto* unit : units) EXPECT_LE(unit->longest_wait, milliseconds(60));
}

TEST(scheduler, a_unit_that_blocks_and_wakes_on_its_cpu_stays_there) {
    Machine machine(2);
    auto& group = machine.group();
    auto& one = machine.unit(group, {microseconds(50), microseconds(50)});
    auto& other = machine.unit(group, {microseconds(50), microseconds(50)});
    machine.run(milliseconds(1));
    const auto home = one.unit.cpu();
    EXPECT_NE(home, other.unit.cpu());
    machine.run(milliseconds(100));
    EXPECT_EQ(one.unit.cpu(), home);
    EXPECT_NE(other.unit.cpu(), home);
}

TEST(scheduler, yielding_lets_the_next_one_run_once) {
    Machine machine(1);
    auto& group = machine.group();
    auto& one = machine.unit(group);
    auto& other = machine.unit(group);
    machine.run(milliseconds(2));
    auto& running = machine.scheduler.current(CpuId(0)) == &one.unit ? one : other;
    auto& waiting = &running == &one ? other : one;
    machine.scheduler.yield(running.unit);
    machine.run(microseconds(1));
    EXPECT_EQ(machine.scheduler.current(CpuId(0)), &waiting.unit);
}

TEST(scheduler, reasons_not_to_run_are_independent) {
    Machine machine(1);
    auto& unit = machine.unit(machine.group());
    auto& scheduler = machine.scheduler;
    const auto runs = [&] {
        machine.run(microseconds(10));
        return scheduler.current(CpuId(0)) == &unit.unit;
    };
    EXPECT_TRUE(runs());
    const auto change = [&](bool (SchedulingGroup::*how)(GroupHold), GroupHold reason) {
        (unit.unit.group().*how)(reason);
        scheduler.settle(unit.unit);
    };
    change(&SchedulingGroup::hold, GroupHold::paused);
    change(&SchedulingGroup::hold, GroupHold::shut_down);
    EXPECT_FALSE(runs());
    EXPECT_EQ(scheduler.runstate(unit.unit).state, RUNSTATE_offline);
    scheduler.hold(unit.unit, Hold::blocked);
    EXPECT_EQ(scheduler.runstate(unit.unit).state, RUNSTATE_blocked);
    change(&SchedulingGroup::release, GroupHold::paused);
    EXPECT_TRUE(scheduler.wake(unit.unit));
    EXPECT_FALSE(scheduler.wake(unit.unit));
    EXPECT_FALSE(runs());
    change(&SchedulingGroup::release, GroupHold::shut_down);
    EXPECT_TRUE(runs());
    scheduler.hold(unit.unit, Hold::down);
    EXPECT_FALSE(runs());
    EXPECT_FALSE(unit.unit.on_cpu());
    scheduler.remove(unit.unit);
}

TEST(scheduler, runstate_times_add_up_to_the_units_age) {
    Machine machine(1);
    auto& group = machine.group();
    const auto born = fakes::clock.load();
    auto& unit = machine.unit(group, {microseconds(300), microseconds(500)});
    machine.unit(group);
    machine.run(milliseconds(777));
    const auto info = machine.scheduler.runstate(unit.unit);
    EXPECT_EQ(info.time[0] + info.time[1] + info.time[2] + info.time[3], fakes::clock.load() - born);
    EXPECT_GT(info.time[RUNSTATE_blocked], milliseconds(250));
}

TEST(scheduler, a_cpu_that_goes_offline_gives_its_units_away) {
    Machine machine(2);
    auto& group = machine.group();
    std::vector<Unit*> units;
    for (int count = 0; count < 4; ++count) units.push_back(&machine.unit(group));
    machine.run(milliseconds(50));
    machine.scheduler.take_offline(CpuId(1));
    kick(CpuId(1));
    machine.run(milliseconds(50));
    machine.mark();
    machine.run(2 * second);
    for (auto* unit : units) {
        EXPECT_EQ(unit->unit.cpu(), CpuId(0));
        expect_share(machine, *unit, 25);
    }
}

}  // namespace
}  // namespace basalt::simulation
