// Why Dom0 cannot be started, in words for whoever gave its kernel: they end up in the panic.
#pragma once

#include <array>
#include <cstddef>
#include <expected>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "core/result.hpp"
#include "debug/format.hpp"

namespace basalt::dom0 {

class Reason {
public:
    Reason(std::string_view format, std::span<const Argument> arguments) : size_(format_into(text_, format, arguments)) {}
    std::string_view text() const { return {text_.data(), size_}; }

private:
    std::array<char, 200> text_{};
    std::size_t size_ = 0;
};

template <typename T = void>
using Started = std::expected<T, Reason>;

template <typename... Kinds>
std::unexpected<Reason> because(Format<std::type_identity_t<Kinds>...> format, const Kinds&... values) {
    const std::array<Argument, sizeof...(Kinds)> arguments{argument_of(values)...};
    return std::unexpected(Reason(format.text, arguments));
}

// What a room below refuses with a number, in words.
template <typename T>
Started<T> unless_refused(Result<T> result, Format<> reason) {
    return std::move(result).transform_error([&](Error) { return Reason(reason.text, {}); });
}

}  // namespace basalt::dom0
