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

    constexpr bool done() const {
        return code_ == 0;
    }
    constexpr bool again() const {
        return code_ == again_code;
    }

    // As the outer step's ending; not for one that is done.
    template <typename T>
    constexpr Step<T> unfinished() const {
        if (again()) return Again{};
        return refuse(static_cast<Error>(code_));
    }
    constexpr Step<> as_step() const {
        if (done()) return std::monostate{};
        return unfinished<std::monostate>();
    }

private:
    static constexpr int again_code = -1;
    int code_ = 0;
};

// A step inside another did not get done: neither does the outer one.
template <typename U>
Outcome outcome_of(const Step<U>& inner) {
    if (inner.done()) return {};
    if (inner.again() != nullptr) return Again{};
    return refuse(*inner.refused());
}

}    // namespace basalt::paging
