// A long call does a bounded step at a time. `Again` is not a failure: it says where to go on.
#pragma once

#include <cstdint>
#include <expected>
#include <utility>
#include <variant>

#include "core/result.hpp"

namespace basalt {

struct Again {
    std::uint64_t cursor = 0;
};

// How a step ended that did not get done, whatever it would have been worth: neither does the one around it.
class Unfinished {
public:
    constexpr Unfinished(Again again) : state_(again) {}
    constexpr Unfinished(Refused refused) : state_(refused.error()) {}

    constexpr const Again* again() const { return std::get_if<Again>(&state_); }
    constexpr const Error* refused() const { return std::get_if<Error>(&state_); }

private:
    std::variant<Again, Error> state_;
};

// Done, refused, or to be called again from the cursor.
template <typename T = std::monostate>
class [[nodiscard]] Step {
public:
    constexpr Step(T value) : state_(std::move(value)) {}
    constexpr Step(Again again) : state_(again) {}
    constexpr Step(Refused refused) : state_(refused.error()) {}
    constexpr Step(const Unfinished& inner) {
        if (inner.again() != nullptr)
            state_ = *inner.again();
        else
            state_ = *inner.refused();
    }

    constexpr bool done() const { return std::holds_alternative<T>(state_); }
    constexpr const Again* again() const { return std::get_if<Again>(&state_); }
    constexpr const Error* refused() const { return std::get_if<Error>(&state_); }
    constexpr explicit operator bool() const { return done(); }
    constexpr const T& operator*() const& { return *std::get_if<T>(&state_); }
    constexpr T&& operator*() && { return std::move(*std::get_if<T>(&state_)); }

private:
    std::variant<T, Again, Error> state_;
};

template <typename T>
constexpr Unfinished unfinished(const Step<T>& step) {
    if (step.again() != nullptr) return *step.again();
    return refuse(*step.refused());
}

constexpr Step<> step_of(const Step<>& step) { return step; }
constexpr Step<> step_of(const Result<>& result) {
    if (result) return std::monostate{};
    if (result.error() == Error::again) return Again{};
    return refuse(result.error());
}

}  // namespace basalt
