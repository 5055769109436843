#include "explore.hpp"

#include <deque>
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

// A step still to be made.
struct Pending {
    std::uint32_t at;
    std::uint8_t cpu;
};

enum class Order : std::uint8_t { deep, wide };

class Exploration {
public:
    Exploration(World& world, const Scenario& scenario, Order order)
        : world_(world), scenario_(scenario), order_(order) {}

    Explored run() {
        begin();
        states_.push_back({0, 0, 0});
        auto wrong = look_at(0);
        while (wrong.empty() && !pending_.empty()) wrong = make_next();
        if (wrong.empty()) return {states_.size(), steps_, {}, {}};
        return found(wrong);
    }

private:
    // What is wrong with the state that the world is in, if anything. Its steps are pending then.
    std::string look_at(std::uint32_t at) {
        here_ = at;
        if (auto wrong = world_.wrong(); !wrong.empty()) return wrong;
        if (all_ended()) return world_.left_over();
        const bool able[] = {can_step(0), can_step(1)};
        if (!able[0] && !able[1]) return "neither CPU can go on";
        for (const std::uint8_t cpu : {std::uint8_t{0}, std::uint8_t{1}})
            if (able[cpu] && (turns_of(at, cpu) <= scenario_.most_turns || !able[1 - cpu]))
                pending_.push_back({at, cpu});
        return {};
    }

    // Deep, the world mostly is where the next step begins. Wide, the first wrong state has the shortest way.
    std::string make_next() {
        const auto [at, cpu] = order_ == Order::deep ? pending_.back() : pending_.front();
        order_ == Order::deep ? pending_.pop_back() : pending_.pop_front();
        if (here_ != at) go_to(at);
        here_ = nowhere;
        make_step(cpu);
        ++steps_;
        const auto turns = turns_of(at, cpu);
        const auto bound = scenario_.most_turns == ~0U ? 0 : turns * cpus + cpu;
        if (!seen_.insert((world_.key() ^ histories()) + bound).second) return {};
        states_.push_back({at, cpu, turns});
        return look_at(static_cast<std::uint32_t>(states_.size() - 1));
    }

    unsigned turns_of(std::uint32_t at, std::uint8_t cpu) const {
        return states_[at].turns + (at == 0 || states_[at].cpu != cpu ? 1 : 0);
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
        world_.begin(scenario_.fault, scenario_.clock);
        for (const Act& act : scenario_.before) act.perform(world_), world_.fill_caches();
        if (scenario_.idle != 0) world_.let_pass(scenario_.idle), world_.fill_caches();
        for (unsigned cpu = 0; cpu < cpus; ++cpu)
            if (const Role root = scenario_.roots[cpu]; root != Role::root)
                world_.interrupt(cpu, [&] { world_.enter_root(root); });
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

    // The state that was looked at last.
    Explored found(const std::string& wrong) {
        trace(true);
        begin();
        std::string way;
        for (const auto cpu : way_to(here_)) {
            make_step(cpu);
            if (!last_said().empty()) way += "  cpu " + std::to_string(cpu) + ": " + last_said() + "\n";
        }
        trace(false);
        return {states_.size(), steps_, wrong, way};
    }

    static constexpr std::uint32_t nowhere = ~std::uint32_t{0};

    World& world_;
    const Scenario& scenario_;
    const Order order_;
    std::deque<Pending> pending_;
    std::vector<State> states_;
    std::unordered_set<std::uint64_t> seen_;
    std::uint32_t here_ = nowhere;    // where the world is
    std::uint64_t steps_ = 0;
};

}    // namespace

Explored explore(World& world, const Scenario& scenario) {
    const auto explored = Exploration(world, scenario, Order::deep).run();
    return explored.wrong.empty() ? explored : Exploration(world, scenario, Order::wide).run();
}

}    // namespace basalt::interleaved
