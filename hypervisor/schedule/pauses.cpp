#include "schedule/pauses.hpp"

namespace basalt {

Pauses::Pauses(SchedulingGroup& group, bool begins_paused) : group_(group) {
    if (begins_paused) static_cast<void>(begin());
}

Result<> Pauses::begin() {
    if (count_ == most) return refuse(Error::overflow);
    ++count_;
    group_.hold(GroupHold::paused);
    return {};
}

Result<> Pauses::end() {
    if (count_ == 0) return refuse(Error::invalid);
    if (--count_ == 0) group_.release(GroupHold::paused);
    return {};
}

}  // namespace basalt
