#include "explore.hpp"

#include <unordered_set>
#include <vector>

namespace basalt::interleaved {

namespace {

// A state is told by the steps that lead to it: those of its parent, and one of this CPU.
struct State {
    std::uint32_t parent;
    std::uint8_t cpu;
    unsigned turns;
};

class Exploration {
public:
    Exploration(World& world, const Scenario& scenario) : world_(world), scenario_(scenario) {}

    Explored run() {
        states_.push_back({0, 0, 0});
        go_to(0);
        if (auto wrong = world_.wrong(); !wrong.empty()) return found(0, wrong);
        for (std::uint32_t at = 0; at < states_.size(); ++at)
            if (auto wrong = look_behind(at); !wrong.empty()) return found(wrong_at_, wrong);
        return {states_.size(), steps_, {}, {}};
    }

private:
    // Both steps from here. What is wrong, if anything.
    std::string look_behind(std::uint32_t at) {
        go_to(at);
        const bool able[] = {can_step(0), can_step(1)};
        wrong_at_ = at;
        if (all_ended()) return world_.left_over();
        if (!able[0] && !able[1]) return "neither CPU can go on";
        bool here = true;
        for (unsigned cpu = 0; cpu < cpus; ++cpu) {
            const auto turns = states_[at].turns + (at == 0 || states_[at].cpu != cpu ? 1 : 0);
            if (!able[cpu] || (turns > scenario_.most_turns && able[1 - cpu])) continue;
            if (!here) go_to(at);
            here = false;
            ++steps_;
            make_step(cpu);
            auto wrong = world_.wrong();
            const auto bound = scenario_.most_turns == ~0U ? 0 : turns * cpus + cpu;
            const auto key = (world_.key() ^ histories()) + bound;
            if (!wrong.empty() || seen_.insert(key).second)
                states_.push_back({at, static_cast<std::uint8_t>(cpu), turns});
            wrong_at_ = static_cast<std::uint32_t>(states_.size() - 1);
            if (!wrong.empty()) return wrong;
        }
        return {};
    }

    std::vector<std::uint8_t> way_to(std::uint32_t at) const {
        std::vector<std::uint8_t> way;
        for (; at != 0; at = states_[at].parent) way.push_back(states_[at].cpu);
        return {way.rbegin(), way.rend()};
    }

    void make_step(unsigned cpu) {
        const auto before = changes();
        step(cpu);
        if (changes() != before) world_.fill_caches();
    }

    void begin() {
        world_.begin(scenario_.fault);
        for (const Act& act : scenario_.before) act.perform(world_), world_.fill_caches();
        if (scenario_.root_of_second != Role::root) world_.load_root(1, scenario_.root_of_second);
        world_.fill_caches();
        const auto program = [&](unsigned cpu) {
            return [this, cpu] {
                for (const Act& act : scenario_.programs[cpu]) {
                    begin_act();
                    world_.begin_act(running());
                    act.perform(world_);
                }
            };
        };
        start_cpus(program(0), program(1));
    }

    void go_to(std::uint32_t at) {
        begin();
        for (const auto cpu : way_to(at)) make_step(cpu);
    }

    Explored found(std::uint32_t at, const std::string& wrong) {
        trace(true);
        begin();
        std::string way;
        for (const auto cpu : way_to(at)) {
            make_step(cpu);
            if (!last_said().empty()) way += "  cpu " + std::to_string(cpu) + ": " + last_said() + "\n";
        }
        trace(false);
        return {states_.size(), steps_, wrong, way};
    }

    World& world_;
    const Scenario& scenario_;
    std::vector<State> states_;
    std::unordered_set<std::uint64_t> seen_;
    std::uint32_t wrong_at_ = 0;
    std::uint64_t steps_ = 0;
};

}    // namespace

Explored explore(World& world, const Scenario& scenario) {
    return Exploration(world, scenario).run();
}

}    // namespace basalt::interleaved
