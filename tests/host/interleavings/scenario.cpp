#include "scenario.hpp"

namespace basalt::interleaved {

void World::begin() {
    begin(scenario_->fault, scenario_->clock);
    for (const Act& act : scenario_->before) act.perform(*this), fill_caches();
    if (scenario_->idle != 0) let_pass(scenario_->idle), fill_caches();
    for (unsigned cpu = 0; cpu < cpus; ++cpu)
        if (const Role root = scenario_->roots[cpu]; root != Role::root) interrupt(cpu, [&] { enter_root(root); });
    fill_caches();
}

void World::run(unsigned cpu) {
    for (const Act& act : scenario_->programs[cpu]) {
        interleaved::begin_act();
        begin_act(cpu);
        act.perform(*this);
    }
}

Explored explore(World& world, const Scenario& scenario) {
    world.follow(scenario);
    return explore(world, scenario.most_turns);
}

}    // namespace basalt::interleaved
