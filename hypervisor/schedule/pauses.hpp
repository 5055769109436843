// How often tools have paused a group: it is held while there is a pause. Counted by one caller at a time; anybody may look.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/result.hpp"
#include "schedule/unit.hpp"

namespace basalt {

class Pauses {
public:
    static constexpr std::uint32_t most = 255;   // as on Xen

    Pauses(SchedulingGroup& group, bool begins_paused);

    // Whoever begins or ends one then has the scheduler settle the units.
    Result<> begin();   // overflow: there are as many as there may be
    Result<> end();     // invalid: there is none
    std::uint32_t count() const { return count_.load(); }

private:
    SchedulingGroup& group_;
    std::atomic<std::uint32_t> count_{0};
};

}  // namespace basalt
