#include "explore.hpp"

#include <deque>
#include <unordered_set>
#include <vector>

#include "cpus.hpp"

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
    Exploration(Model& model, unsigned most_turns, Order order) : model_(model), most_turns_(most_turns), order_(order) {}

    Explored run() {
        begin();
        states_.push_back({0, 0, 0});
        auto wrong = look_at(0);
        while (wrong.empty() && !pending_.empty()) wrong = make_next();
        if (wrong.empty()) return {states_.size(), steps_, {}, {}};
        return found(wrong);
    }

private:
    // What is wrong with the state that the model is in, if anything. Its steps are pending then.
    std::string look_at(std::uint32_t at) {
        here_ = at;
        if (auto wrong = model_.wrong(); !wrong.empty()) return wrong;
        if (all_ended()) return model_.left_over();
        const bool able[] = {can_step(0), can_step(1)};
        if (!able[0] && !able[1]) return "neither CPU can go on";
        for (const std::uint8_t cpu : {std::uint8_t{0}, std::uint8_t{1}})
            if (able[cpu] && (turns_of(at, cpu) <= most_turns_ || !able[1 - cpu])) pending_.push_back({at, cpu});
        return {};
    }

    // Deep, the model mostly is where the next step begins. Wide, the first wrong state has the shortest way.
    std::string make_next() {
        const auto [at, cpu] = order_ == Order::deep ? pending_.back() : pending_.front();
        order_ == Order::deep ? pending_.pop_back() : pending_.pop_front();
        if (here_ != at) go_to(at);
        here_ = nowhere;
        make_step(cpu);
        ++steps_;
        const auto turns = turns_of(at, cpu);
        const auto bound = most_turns_ == ~0U ? 0 : turns * cpus + cpu;
        if (!seen_.insert((model_.key() ^ histories()) + bound).second) return {};
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
        if (changes() != before) model_.changed();
    }

    void begin() {
        model_.begin();
        const auto program = [&](unsigned cpu) { return [this, cpu] { model_.run(cpu); }; };
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

    Model& model_;
    const unsigned most_turns_;
    const Order order_;
    std::deque<Pending> pending_;
    std::vector<State> states_;
    std::unordered_set<std::uint64_t> seen_;
    std::uint32_t here_ = nowhere;    // where the model is
    std::uint64_t steps_ = 0;
};

}    // namespace

Explored explore(Model& model, unsigned most_turns) {
    const auto explored = Exploration(model, most_turns, Order::deep).run();
    return explored.wrong.empty() ? explored : Exploration(model, most_turns, Order::wide).run();
}

}    // namespace basalt::interleaved
