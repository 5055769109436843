#include "schedule/run_end.hpp"

namespace basalt {

std::uint8_t RunEnd::name(std::uint8_t reason) {
    return reason_.with([&](Reason& first) {
        if (!first) first = reason;
        return *first;
    });
}

bool RunEnd::end(std::uint8_t reason) {
    return reason_.with([&](Reason& first) {
        if (!first) first = reason;
        return group_.hold(GroupHold::shut_down);
    });
}

void RunEnd::take_back() {
    reason_.with([&](Reason& first) {
        first.reset();
        group_.release(GroupHold::shut_down);
    });
}

RunEnd::State RunEnd::state() {
    return reason_.with([&](const Reason& first) { return State{group_.held(GroupHold::shut_down), first}; });
}

}  // namespace basalt
