// So many at once, and one more in each interval: for what is said at the wish of somebody who could go on for ever.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace basalt {

class RateLimit {
public:
    static constexpr std::uint64_t burst = 10;
    static constexpr std::uint64_t interval = 5'000'000'000;      // nanoseconds

    // One is to be said at this time, which never goes back. If it may be: how many could not since the last that was.
    constexpr std::optional<std::uint64_t> take(std::uint64_t now) {
        const std::uint64_t earned = (now - earned_until_) / interval;
        left_ = std::min(left_ + std::min(earned, burst), burst);
        earned_until_ += earned * interval;
        if (left_ == 0) {
            ++withheld_;
            return {};
        }
        --left_;
        return std::exchange(withheld_, 0);
    }

private:
    std::uint64_t left_ = burst;
    std::uint64_t earned_until_ = 0;
    std::uint64_t withheld_ = 0;
};

}  // namespace basalt
