// CPUs as threads: what the simulation cannot show is that they may do all this at once.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "schedule/run_end.hpp"
#include "schedule/simulation.hpp"

namespace basalt::simulation {
namespace {

constexpr std::uint32_t cpus = 3;
constexpr int steps = 40'000;

struct Raced {
    explicit Raced(SchedulingGroup& group) : unit(group) {}
    SchedulingUnit unit;
    std::atomic<int> on_cpus{0};      // never more than one
    std::atomic<int> signals{0};      // like a pending event: blocks only while it is 0
    std::atomic<int> turns{0};
};

struct Race {
    Race() {
        for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) scheduler.bring_online(CpuId(cpu));
        for (int count = 0; count < 7; ++count) {
            auto& raced = *all.emplace_back(std::make_unique<Raced>(group));
            scheduler.add(raced.unit);
            scheduler.release(raced.unit, Hold::down);
        }
    }
    Raced& of(SchedulingUnit& unit) {
        for (auto& raced : all)
            if (&raced->unit == &unit) return *raced;
        std::abort();
    }
    Instant switch_to(CpuId cpu, SchedulingUnit*& current) {
        const auto choice = scheduler.pick(cpu);
        if (choice.unit == current) return choice.until;
        if (current) {
            EXPECT_EQ(of(*current).on_cpus.fetch_sub(1), 1);
            scheduler.saved(*current);
        }
        current = choice.unit;
        if (!current) return choice.until;
        EXPECT_EQ(of(*current).on_cpus.fetch_add(1), 0);
        ++of(*current).turns;
        return choice.until;
    }
    void settle() {
        for (auto& raced : all) scheduler.settle(raced->unit);
    }
    void signal(Raced& raced) {
        raced.signals = 1;
        scheduler.wake(raced.unit);
    }

    SchedulingGroup group;
    RunEnd end{group};
    Scheduler scheduler;
    std::vector<std::unique_ptr<Raced>> all;
    std::atomic<bool> over{false};
    std::atomic<std::uint32_t> through{0};
};

void one_step(Race& race, Raced* mine, std::mt19937& random) {
    auto& other = *race.all[random() % race.all.size()];
    switch (random() % 8) {
        case 0:
        case 1:
            if (!mine) break;
            race.scheduler.block_here(mine->unit);
            if (mine->signals.exchange(0) != 0) race.scheduler.wake(mine->unit);
            break;
        case 2: race.signal(other); break;
        case 3:
            if (random() % 2 == 0) race.end.end(0);
            if (random() % 2 == 0) race.group.hold(GroupHold::paused);
            race.settle();
            race.end.take_back();
            race.group.release(GroupHold::paused);
            race.settle();
            break;
        case 4: {
            const CpuMask mask{1 + random() % 7};
            EXPECT_TRUE(race.scheduler.set_affinity(other.unit, mask, mask));
            break;
        }
        case 5: race.scheduler.runstate(other.unit); break;
        case 6: fakes::clock += random() % microseconds(300); break;
        default: break;
    }
}

void cpu_thread(Race& race, CpuId cpu) {
    fakes::cpu = cpu;
    std::mt19937 random(cpu.raw);
    SchedulingUnit* current = nullptr;
    for (int step = 0; step < steps; ++step) {
        one_step(race, current ? &race.of(*current) : nullptr, random);
        if (take_kick(cpu) || random() % 4 == 0) race.switch_to(cpu, current);
    }
    auto until = race.switch_to(cpu, current);
    ++race.through;
    while (!race.over) {   // from here only kicks and time count: a lost one leaves a unit waiting
        fakes::clock += microseconds(10);
        if (take_kick(cpu) || system_time() >= until) until = race.switch_to(cpu, current);
        std::this_thread::yield();
    }
    if (current) race.scheduler.hold(*current, Hold::down);
    race.switch_to(cpu, current);
}

TEST(scheduler_race, a_unit_runs_on_one_cpu_and_no_wake_is_lost) {
    Race race;
    std::vector<std::thread> threads;
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) threads.emplace_back(cpu_thread, std::ref(race), CpuId(cpu));
    while (race.through < cpus) std::this_thread::yield();
    for (auto& raced : race.all) {
        EXPECT_TRUE(race.scheduler.set_affinity(raced->unit, {7}, {7}));
        race.signal(*raced);
        const int before = raced->turns;
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (raced->turns == before && !raced->unit.on_cpu()) {
            if (std::chrono::steady_clock::now() > until) {
                ADD_FAILURE() << "never ran again";
                break;
            }
            std::this_thread::yield();
        }
    }
    race.over = true;
    for (auto& thread : threads) thread.join();
    for (auto& raced : race.all) race.scheduler.hold(raced->unit, Hold::down);
    for (auto& raced : race.all)
        if (!raced->unit.on_cpu()) race.scheduler.remove(raced->unit);
}

}  // namespace
}  // namespace basalt::simulation
