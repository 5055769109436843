// Every interleaving of two programs. If any leads to a wrong state, the shortest way to one.
#pragma once

#include <cstdint>
#include <string>

#include "model.hpp"

namespace basalt::interleaved {

struct Explored {
    std::uint64_t states = 0;
    std::uint64_t steps = 0;
    std::string wrong;    // empty, or what the last state of the trace shows
    std::string trace;
};

// `most_turns` of one CPU after the other: a bound for long programs.
Explored explore(Model& model, unsigned most_turns = ~0U);

}    // namespace basalt::interleaved
