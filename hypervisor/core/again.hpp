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

// Done, refused, or to be called again from the cursor.
template <typename T = std::monostate>
class [[nodiscard]] Step {
public:
    constexpr Step(T value) : state_(std::move(value)) {}
    constexpr Step(Again again) : state_(again) {}
    constexpr Step(Refused refused) : state_(refused.error()) {}

    constexpr bool done() const { return std::holds_alternative<T>(state_); }
    constexpr const Again* again() const { return std::get_if<Again>(&state_); }
    constexpr const Error* refused() const { return std::get_if<Error>(&state_); }
    constexpr const T& value() const& { return *std::get_if<T>(&state_); }
    constexpr T&& value() && { return std::move(*std::get_if<T>(&state_)); }

private:
    std::variant<T, Again, Error> state_;
};

constexpr Step<> step_of(const Step<>& step) { return step; }
constexpr Step<> step_of(const Result<>& result) {
    if (result) return std::monostate{};
    if (result.error() == Error::again) return Again{};
    return refuse(result.error());
}

}  // namespace basalt
