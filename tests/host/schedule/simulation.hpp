// A machine of CPUs that only spend time. Units are hogs, or run and sleep in turn; what each got is then compared.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "abi/vcpu.hpp"
#include "fakes/machine.hpp"
#include "schedule/scheduler.hpp"

namespace basalt::simulation {

struct Work {
    Nanoseconds run = 0;     // at a stretch; 0: always
    Nanoseconds sleep = 0;   // then
};

struct Unit {
    Unit(SchedulingGroup& group, Work work) : unit(group), work(work), left(work.run) {}
    SchedulingUnit unit;
    Work work;
    Nanoseconds left;
    Instant wakes = never;
    Instant waits_since = never;       // runnable, and not run yet
    Nanoseconds longest_wait = 0;
    std::uint64_t turns = 0;
};

// Whether the CPU has been kicked since the last time.
bool take_kick(CpuId cpu);

class Machine {
public:
    explicit Machine(unsigned cpus);
    SchedulingGroup& group(std::uint32_t weight = default_weight, std::uint32_t cap = 0);
    // A unit that is up; pinned if `cpus` says so.
    Unit& unit(SchedulingGroup& group, Work work = {}, CpuMask cpus = {~std::uint64_t{0}});
    void run(Nanoseconds time);

    Nanoseconds ran(Unit& unit) { return scheduler.runstate(unit.unit).time[RUNSTATE_running]; }
    // What it got of one CPU since `mark`, in per cent.
    double share(Unit& unit);
    void mark();

    Scheduler scheduler;
    std::uint64_t switches = 0;
    std::uint64_t kicks = 0;

private:
    Instant next_event() const;
    void pick(CpuId cpu);
    void spend(Nanoseconds time);
    void wake_sleepers();
    Unit& of(SchedulingUnit& unit) { return *by_unit_.at(&unit); }

    struct Cpu {
        SchedulingUnit* runs = nullptr;
        Instant until = Instant(0);
    };
    std::vector<Cpu> cpus_;
    std::vector<std::unique_ptr<SchedulingGroup>> groups_;
    std::vector<std::unique_ptr<Unit>> units_;
    std::map<SchedulingUnit*, Unit*> by_unit_;
    std::map<Unit*, Nanoseconds> marked_;
    Instant marked_at_{};
};

}  // namespace basalt::simulation
