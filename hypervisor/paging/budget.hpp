// How much a call may still do before others have their chance: it lets interrupts in, and says Again if somebody waits.
// One unit is about one entry looked at, some hundred instructions.
#pragma once

#include <cstdint>

namespace basalt::paging {

class Budget {
public:
    constexpr explicit Budget(std::int64_t entries = one_call) : left_(entries) {}
    constexpr void spend(std::int64_t entries) { left_ -= entries; }
    constexpr bool over() const { return left_ <= 0; }

    static constexpr std::int64_t one_call = 4 * 512;

private:
    std::int64_t left_;
};

}    // namespace basalt::paging
