// A periodic timer is set by another CPU while its vcpu comes and goes.
#include "schedule/vcpu_timers.hpp"

#include "programs.hpp"
#include "regions.hpp"

namespace basalt::interleaved::ticking {
namespace {

constexpr Nanoseconds period = milliseconds(10);

// The vcpu is the first CPU's.
struct Machine {
    Timers timers;
    VcpuTimers vcpu{timers};
    std::atomic<std::uint64_t> on_cpu{0}, kicked{0};
};

class World : public Regions {
public:
    void begin() override {
        forget_regions();
        auto& machine = make(&machine_.object);
        struct alignas(64) Line : basalt::Guarded<TimerHeap, Rank::timers> {};
        const auto* const heaps = reinterpret_cast<const Line*>(&machine.timers);
        for (unsigned cpu = 0; cpu < cpus; ++cpu) add("heap " + std::to_string(cpu), heaps[cpu], Accesses::watched, 1 + cpu);
        add("vcpu", &machine.vcpu, &machine + 1, Accesses::watched);
        for (const auto& act : before) act.perform(*this, 0);
    }
    void run(unsigned cpu) override {
        for (const auto& act : programs[cpu]) {
            begin_act();
            act.perform(*this, cpu);
        }
    }
    std::string wrong() override { return {}; }
    // Where it runs it ticks, there.
    std::string left_over() override {
        choose();
        if (all().on_cpu == 0) return {};
        return all().timers.next_deadline() == later(system_time(), period) ? "" : "a vcpu runs and does not tick";
    }

    Machine& all() { return machine_.object; }
    void choose() {
        if (all().kicked.exchange(0) != 0 && all().on_cpu.load() != 0) all().vcpu.follow_period();
    }

    Acts<World> before;
    std::array<Acts<World>, cpus> programs;

private:
    Room<Machine> machine_;
};

// As VCPUOP_set_periodic_timer for a vcpu that does not run here.
const Act<World> set{"set", [](World& world, unsigned) {
                         static_cast<void>(world.all().vcpu.set_periodic(period));
                         if (world.all().on_cpu.load() != 0) world.all().kicked.store(1);
                     }};
const Act<World> choose{"choose", [](World& world, unsigned) { world.choose(); }};
const Act<World> look{"look", [](World& world, unsigned) {
                          if (world.all().on_cpu.load() != 0) world.all().vcpu.follow_period();
                      }};
const Act<World> enter{"enter", [](World& world, unsigned) {
                           world.all().on_cpu.store(1);
                           world.all().vcpu.switched_in(false);
                       }};
const Act<World> leave{"leave", [](World& world, unsigned) {
                           world.all().vcpu.switched_out();
                           world.all().on_cpu.store(0);
                       }};

using VcpuTicks = Interleaved<World>;

TEST_F(VcpuTicks, WhereverThePeriodIsSetMeanwhile) {
    holds({}, {enter}, {set});
    holds({}, {enter, choose}, {set, set});
    holds({enter}, {choose}, {set});
    holds({enter}, {look}, {set});
    holds({enter}, {leave}, {set});
    holds({enter}, {leave, enter}, {set});
    holds({enter}, {leave, enter, choose}, {set, set});
}

}    // namespace
}    // namespace basalt::interleaved::ticking

// What timers ask of the machine.
namespace basalt {

void program_timer(Instant) {}
void raise_timer_virq(VcpuTimers&) {}
void end_of_poll(VcpuTimers&) {}

}    // namespace basalt
