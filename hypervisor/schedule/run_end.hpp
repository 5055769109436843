// How the run of a group ends, and goes on: with a reason that tools are told (SHUTDOWN_*). Guests, tools and timers end it,
// tools resume it, on any CPU and in any order; so the reason and the hold change together.
#pragma once

#include <cstdint>
#include <optional>

#include "core/lock.hpp"
#include "schedule/unit.hpp"

namespace basalt {

class RunEnd {
public:
    explicit RunEnd(SchedulingGroup& group) : group_(group) {}

    // The reason that the end has, or will have: of all that are given the first.
    std::uint8_t name(std::uint8_t reason);
    // True: it had not ended yet. Whoever ends a run, or takes its end back, then has the scheduler settle the units.
    bool end(std::uint8_t reason);
    void take_back();

    struct State {
        bool over;
        std::optional<std::uint8_t> reason;   // named so far
    };
    State state();

private:
    using Reason = std::optional<std::uint8_t>;
    SchedulingGroup& group_;
    Guarded<Reason, Rank::run_end> reason_;
};

}  // namespace basalt
