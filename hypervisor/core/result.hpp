// How a refusal travels: Result<T> carries Xen's error numbers up to whoever asked.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <utility>

#include "abi/errno.hpp"

namespace basalt {

// Error numbers of <xen/errno.h>; a guest sees them negated.
enum class Error : int {
    not_permitted = XEN_EPERM,
    no_entry = XEN_ENOENT,
    no_such_process = XEN_ESRCH,
    input_output = XEN_EIO,
    no_device_or_address = XEN_ENXIO,
    again = XEN_EAGAIN,
    no_memory = XEN_ENOMEM,
    access_denied = XEN_EACCES,
    bad_address = XEN_EFAULT,
    busy = XEN_EBUSY,
    exists = XEN_EEXIST,
    no_device = XEN_ENODEV,
    invalid = XEN_EINVAL,
    no_space = XEN_ENOSPC,
    out_of_domain = XEN_EDOM,
    out_of_range = XEN_ERANGE,
    too_big = XEN_E2BIG,
    not_implemented = XEN_ENOSYS,
    no_data = XEN_ENODATA,
    not_supported = XEN_EOPNOTSUPP,
    no_buffers = XEN_ENOBUFS,
    overflow = XEN_EOVERFLOW,
    timed_out = XEN_ETIME,
};

// Whoever gets one looks at it: libc++'s expected may be dropped unseen.
template <typename T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
    using Base = std::expected<T, Error>;

public:
    using Base::Base;
    constexpr Result(Base made) : Base(std::move(made)) {}   // as transform() answers

    // The base would take a Result for a value that it may hold, and compare without end.
    template <std::same_as<Result> Other>
    friend constexpr bool operator==(const Other& one, const Other& other) {
        return static_cast<const Base&>(one) == static_cast<const Base&>(other);
    }
    template <std::same_as<T> U>
    friend constexpr bool operator==(const Result& result, const U& value) {
        return result.has_value() && *result == value;
    }
};
// Of two types, the base would compare the one with what the other holds, converted.
template <typename T, typename U>
    requires(!std::same_as<T, U>)
bool operator==(const Result<T>&, const Result<U>&) = delete;
static_assert(Result<int>(1) == Result<int>(1) && Result<int>(1) != Result<int>(2) && Result<int>(1) == 1);

using Refused = std::unexpected<Error>;
constexpr Refused refuse(Error error) { return Refused(error); }

// What a hypercall returns to the guest for an error.
constexpr std::int64_t errno_of(Error error) { return -static_cast<std::int64_t>(error); }

// What TRY leaves a function with.
template <typename T, typename E>
constexpr std::unexpected<E> unfinished(const std::expected<T, E>& result) {
    return std::unexpected(result.error());
}

}  // namespace basalt

// Evaluate to the value of a Result (or of a Step or Outcome: again.hpp), or leave the enclosing function as it ended.
#define TRY(expression)                                 \
    ({                                                  \
        auto&& try_result = (expression);               \
        if (!try_result) return unfinished(try_result); \
        *std::move(try_result);                         \
    })
