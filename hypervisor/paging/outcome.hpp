// How an inner step ended, in one register: done, to be done again, or refused. Step<> at the doors says the
// same.
#pragma once

#include "core/again.hpp"

namespace basalt::paging {

class [[nodiscard]] Outcome {
public:
    constexpr Outcome() = default;    // done
    constexpr Outcome(Refused refused) : code_(static_cast<int>(refused.error())) {}
    constexpr Outcome(Again) : code_(again_code) {}
    constexpr Outcome(const Unfinished& inner)
        : code_(inner.again() != nullptr ? again_code : static_cast<int>(*inner.refused())) {}

    constexpr bool done() const { return code_ == 0; }
    constexpr bool again() const { return code_ == again_code; }

    constexpr explicit operator bool() const { return done(); }
    constexpr void operator*() const {}    // what TRY evaluates to

    // Of one that is not done.
    constexpr Unfinished ending() const {
        if (again()) return Again{};
        return refuse(static_cast<Error>(code_));
    }
    constexpr Step<> as_step() const {
        if (done()) return std::monostate{};
        return ending();
    }

private:
    static constexpr int again_code = -1;
    int code_ = 0;
};

constexpr Unfinished unfinished(const Outcome& outcome) { return outcome.ending(); }

}    // namespace basalt::paging
