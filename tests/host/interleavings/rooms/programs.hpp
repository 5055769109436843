// Programs for two CPUs that are made of named acts, and what is said when a model does not hold.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "../explore.hpp"

namespace basalt::interleaved {

template <typename World>
struct Act {
    std::string_view name;
    void (*perform)(World&, unsigned cpu);
};
template <typename World>
using Acts = std::vector<Act<World>>;

template <typename World>
std::string in_words(const Acts<World>& acts) {
    std::string said;
    for (const auto& act : acts) said += (said.empty() ? "" : ", ") + std::string(act.name);
    return said.empty() ? "nothing" : said;
}

// `World` has acts `before` and `programs`.
template <typename World>
class Interleaved : public ::testing::Test {
protected:
    using Some = Acts<World>;

    void holds(const Some& before, const Some& first, const Some& second) {
        World world;
        world.before = before;
        world.programs = {first, second};
        const auto explored = explore(world, most_turns);
        states_ += explored.states;
        steps_ += explored.steps;
        ++scenarios_;
        ASSERT_EQ(explored.wrong, "") << "before: " << in_words(before) << "; cpu 0: " << in_words(first)
                                      << "; cpu 1: " << in_words(second) << "\n"
                                      << explored.trace;
    }
    // Each on the first CPU with each on the second.
    void hold_in_pairs(const std::vector<Some>& states, const std::vector<Some>& programs) {
        for (const auto& before : states)
            for (const auto& one : programs)
                for (const auto& other : programs)
                    if (holds(before, one, other); HasFailure()) return;
    }
    void TearDown() override {
        std::printf("%llu scenarios, %llu states, %llu steps\n", static_cast<unsigned long long>(scenarios_),
                    static_cast<unsigned long long>(states_), static_cast<unsigned long long>(steps_));
    }

    unsigned most_turns = ~0U;    // of one CPU after the other: a bound for long programs

private:
    std::uint64_t states_ = 0, steps_ = 0, scenarios_ = 0;
};

}    // namespace basalt::interleaved
