// What guests do to frames and page tables, on two CPUs at once.
#pragma once

#include "acts.hpp"
#include "explore.hpp"
#include "world.hpp"

namespace basalt::interleaved {

inline constexpr FlushTime wrap = FlushTime{1} << 32;    // of what a frame keeps of the flush clock

struct Scenario {
    Acts before;    // done while nobody else is there
    Acts programs[cpus];
    Fault fault = Fault::none;
    Role roots[cpus] = {Role::root, Role::root};
    unsigned most_turns = ~0U;    // of one CPU after the other: a bound for long programs
    FlushTime clock = wrap - 4;   // what the flush clock shows at first: soon its low half begins anew
    FlushTime idle = 0;           // how many ticks it makes between `before` and the programs
};

Explored explore(World& world, const Scenario& scenario);

}    // namespace basalt::interleaved
