// Units go from CPU to CPU while they are woken, held, released and moved. Each CPU makes its choices real as domain/run.cpp
// does, when it has been kicked.
#include <cstdlib>

#include "schedule/scheduler.hpp"

#include "programs.hpp"
#include "regions.hpp"

namespace basalt::interleaved::scheduling {
namespace {

constexpr unsigned units = 2;
constexpr std::uint64_t nowhere = ~std::uint64_t{0};

struct Machine {
    Scheduler scheduler;
    SchedulingGroup group;
    std::array<SchedulingUnit, units> all{SchedulingUnit(group), SchedulingUnit(group)};
};

struct Notes {
    std::array<std::atomic<std::uint64_t>, cpus> kicked{};
    std::array<std::atomic<std::uint64_t>, units> signal{};                     // an event that the unit has not looked at
    std::array<std::uint64_t, units> loaded{nowhere, nowhere};                  // the CPU that has its registers
    std::uint64_t doubly = 0;
};

class World : public Regions {
public:
    static World& now() { return static_cast<World&>(*Model::now()); }

    void begin() override;
    void run(unsigned cpu) override {
        for (const auto& act : programs[cpu]) perform(act, cpu);
    }
    void changed() override {
        for (unsigned number = 0; number < units; ++number) guard(&unit(number), queue_of(unit(number).cpu().raw));
    }
    std::string wrong() override { return notes().doubly != 0 ? "a unit is loaded on both CPUs" : ""; }
    std::string left_over() override;

    Scheduler& scheduler() { return machine_.object.scheduler; }
    SchedulingGroup& group() { return machine_.object.group; }
    SchedulingUnit& unit(unsigned number) { return machine_.object.all[number]; }
    SchedulingUnit* runs(unsigned cpu) { return scheduler().current(CpuId(cpu)); }
    Notes& notes() { return notes_.object; }
    void choose(unsigned cpu);
    void signal(unsigned number);
    void block(unsigned cpu);

    Acts<World> before;
    std::array<Acts<World>, cpus> programs;

private:
    void perform(const Act<World>& act, unsigned cpu) {
        begin_act();
        act.perform(*this, cpu);
        if (notes().kicked[cpu].load() != 0) choose(cpu);
    }
    void answer_kicks();
    static constexpr Guarded queue_of(std::uint32_t cpu) { return 1 + cpu; }
    unsigned number_of(const SchedulingUnit& unit) { return static_cast<unsigned>(&unit - machine_.object.all.data()); }

    Room<Machine> machine_;
    Room<Notes> notes_;
};

void World::begin() {
    forget_regions();
    make(&machine_.object);
    make(&notes_.object);
    struct alignas(64) Line : CpuQueue {};
    const auto* const queues = reinterpret_cast<const Line*>(&scheduler());
    for (unsigned cpu = 0; cpu < cpus; ++cpu)
        add("queue " + std::to_string(cpu), queues[cpu], Accesses::watched, queue_of(cpu));
    add("scheduler", queues + most_cpus, &scheduler() + 1, Accesses::watched);
    add("group", group(), Accesses::watched);
    for (unsigned number = 0; number < units; ++number)
        add("unit " + std::to_string(number), unit(number), Accesses::watched, queue_of(0));
    add("kicked", notes().kicked, Accesses::watched);
    add("signals", notes().signal, Accesses::watched);
    add("loaded", notes().loaded, Accesses::merged);
    for (unsigned cpu = 0; cpu < cpus; ++cpu) scheduler().bring_online(CpuId(cpu));
    for (unsigned number = 0; number < units; ++number) {
        scheduler().add(unit(number));
        scheduler().release(unit(number), Hold::down);
    }
    answer_kicks();
    for (const auto& act : before) perform(act, 0), answer_kicks();
    changed();
}

// What ran is saved, what runs now is loaded, and only then the other may run elsewhere.
void World::choose(unsigned cpu) {
    notes().kicked[cpu].store(0);
    auto* const last = runs(cpu);
    auto* const next = scheduler().pick(CpuId(cpu)).unit;
    if (last == next) return;
    if (last != nullptr) notes().loaded[number_of(*last)] = nowhere;
    if (next != nullptr && std::exchange(notes().loaded[number_of(*next)], cpu) != nowhere) notes().doubly = 1;
    if (last != nullptr) scheduler().saved(*last);
}

void World::signal(unsigned number) {
    notes().signal[number].store(1);
    scheduler().wake(unit(number));
}

void World::block(unsigned cpu) {
    auto* const here = runs(cpu);
    if (here == nullptr) return;
    scheduler().block_here(*here);
    if (notes().signal[number_of(*here)].exchange(0) != 0) scheduler().wake(*here);
}

void World::answer_kicks() {
    for (unsigned rounds = 0; rounds < 8; ++rounds)
        for (unsigned cpu = 0; cpu < cpus; ++cpu)
            if (notes().kicked[cpu].load() != 0) choose(cpu);
}

// When all kicks have been answered, each unit that may run does, or waits in one place, where it may run.
std::string World::left_over() {
    answer_kicks();
    std::array<unsigned, units> seen{};
    bool nowhere_allowed = false, waits_for_nobody = false;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
        scheduler().look_at(CpuId(cpu), [&](SchedulingUnit& unit, Standing standing, std::int64_t) {
            ++seen[number_of(unit)];
            nowhere_allowed |= !unit.allowed().has(CpuId(cpu));
            waits_for_nobody |= standing == Standing::waiting && runs(cpu) == nullptr;
        });
    }
    for (unsigned number = 0; number < units; ++number) {
        const auto& unit = this->unit(number);
        if (seen[number] > 1) return "a unit is in two places";
        if (unit.runnable() && seen[number] == 0) return "a unit that may run is nowhere";
        if (!unit.runnable() && seen[number] != 0) return "a unit that may not run is somewhere";
        if (unit.on_cpu() != (notes().loaded[number] != nowhere)) return "a unit is said to be on a CPU, and is on none";
        if (unit.blocked() && notes().signal[number] != 0) return "a unit is blocked though it was signalled";
    }
    if (nowhere_allowed) return "a unit runs, or waits, where it may not run";
    return waits_for_nobody ? "a unit waits for an idle CPU, which is not told" : "";
}

template <unsigned number>
constexpr auto signal = [](World& world, unsigned) { world.signal(number); };
template <unsigned number>
constexpr auto hold = [](World& world, unsigned) { world.scheduler().hold(world.unit(number), Hold::down); };
template <unsigned number>
constexpr auto release = [](World& world, unsigned) { world.scheduler().release(world.unit(number), Hold::down); };
template <unsigned number, std::uint64_t to>
constexpr auto move =
    [](World& world, unsigned) { static_cast<void>(world.scheduler().set_affinity(world.unit(number), {to}, {to})); };
template <bool paused>
constexpr auto pause = [](World& world, unsigned) {
    static_cast<void>(paused ? world.group().hold(GroupHold::paused) : world.group().release(GroupHold::paused));
    for (unsigned number = 0; number < units; ++number) world.scheduler().settle(world.unit(number));
};

const Act<World> signal_0{"signal_0", signal<0>};
const Act<World> hold_0{"hold_0", hold<0>}, hold_1{"hold_1", hold<1>}, release_0{"release_0", release<0>};
const Act<World> move_0_to_0{"move_0_to_0", move<0, 1>}, move_0_to_1{"move_0_to_1", move<0, 2>},
    move_1_to_0{"move_1_to_0", move<1, 1>};
const Act<World> pause_all{"pause_all", pause<true>}, unpause_all{"unpause_all", pause<false>};
const Act<World> block_here{"block_here", [](World& world, unsigned cpu) { world.block(cpu); }};
const Act<World> yield_here{"yield_here", [](World& world, unsigned cpu) {
                                if (auto* const here = world.runs(cpu)) world.scheduler().yield(*here);
                            }};
// At the end of a turn.
const Act<World> choose_here{"choose_here", [](World& world, unsigned cpu) { world.choose(cpu); }};

using Schedule = Interleaved<World>;
using Some = Acts<World>;

// Through all orders of four turns.
TEST_F(Schedule, EveryPairOfActsFromEveryState) {
    most_turns = 4;
    hold_in_pairs(
        {{}, {block_here}, {pause_all}, {move_1_to_0}},
        {{signal_0}, {hold_0}, {hold_1}, {release_0}, {block_here}, {yield_here}, {pause_all}, {unpause_all}, {choose_here}});
}

TEST_F(Schedule, AUnitIsMovedWhileItMovesOrWakes) {
    hold_in_pairs({{}}, {{move_0_to_0}, {move_0_to_1}, {signal_0}, {block_here}, {yield_here}});
    holds({move_1_to_0}, {yield_here}, {move_0_to_1});
    hold_in_pairs({{block_here}, {hold_0}}, {{move_0_to_0}, {move_0_to_1}, {signal_0}, {release_0}});
}

}    // namespace
}    // namespace basalt::interleaved::scheduling

// What the scheduler asks of the machine. Time stands still.
namespace basalt {

void kick(CpuId cpu) { interleaved::scheduling::World::now().notes().kicked[cpu.raw].store(1); }
Instant system_time() { return Instant(1'000'000'000); }

}    // namespace basalt
