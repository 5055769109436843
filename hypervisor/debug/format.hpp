// A very small formatter: no allocation, no locale, placeholders checked while compiling.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "core/number.hpp"

namespace basalt {

struct Argument {
    enum class Kind : std::uint8_t { positive, negative, text, character };
    Kind kind = Kind::positive;
    std::uint64_t number = 0;        // of a negative number, its size
    std::string_view text;
};

constexpr Argument argument_of(std::string_view text) { return {Argument::Kind::text, 0, text}; }
constexpr Argument argument_of(const char* text) { return argument_of(std::string_view(text)); }
constexpr Argument argument_of(bool claim) { return argument_of(claim ? std::string_view("yes") : "no"); }
constexpr Argument argument_of(char letter) { return {Argument::Kind::character, static_cast<unsigned char>(letter), {}}; }
template <std::integral Integer>
constexpr Argument argument_of(Integer value) {
    if constexpr (std::signed_integral<Integer>) {
        if (value < 0) return {Argument::Kind::negative, std::uint64_t{0} - static_cast<std::uint64_t>(value), {}};
    }
    return {Argument::Kind::positive, static_cast<std::uint64_t>(value), {}};
}
template <typename Enumeration>
    requires std::is_enum_v<Enumeration>
constexpr Argument argument_of(Enumeration value) {
    return argument_of(static_cast<std::underlying_type_t<Enumeration>>(value));
}
template <typename Kind, typename Word>
constexpr Argument argument_of(Number<Kind, Word> number) {
    return argument_of(number.raw);
}
template <typename Pointed>
    requires(!std::same_as<std::remove_cv_t<Pointed>, char>)
Argument argument_of(Pointed* pointer) {
    return argument_of(reinterpret_cast<std::uintptr_t>(pointer));
}

void placeholder_is_wrong();          // never defined: reaching these while compiling stops the build
void number_of_values_is_wrong();

// One placeholder read at `text`, which begins with '{': its length, whether hexadecimal, how many digits at least.
struct Placeholder {
    std::size_t length = 0;   // 0: malformed
    bool hexadecimal = false;
    unsigned digits = 0;
};
constexpr Placeholder placeholder_at(std::string_view text) {
    Placeholder found;
    std::size_t at = 1;
    if (at < text.size() && text[at] == 'x') {
        found.hexadecimal = true;
        ++at;
    }
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        found.digits = found.digits * 10 + static_cast<unsigned>(text[at] - '0');
    if (at < text.size() && text[at] == '}' && found.digits <= 20) found.length = at + 1;
    return found;
}

template <typename... Kinds>
struct Format {
    std::string_view text;

    consteval Format(const char* format) : text(format) {
        std::size_t wanted = 0;
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (text[at] != '{') continue;
            const auto found = placeholder_at(text.substr(at));
            if (found.length == 0) placeholder_is_wrong();
            at += found.length - 1;
            ++wanted;
        }
        if (wanted != sizeof...(Kinds)) number_of_values_is_wrong();
    }
};

// Writes as much as fits; says how much that was.
std::size_t format_into(std::span<char> to, std::string_view format, std::span<const Argument> arguments);

}  // namespace basalt
