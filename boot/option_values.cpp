#include "boot/option_values.hpp"

namespace basalt {
namespace {

// The number that `text` begins with, and what follows it.
struct Leading {
    std::uint64_t number;
    std::string_view rest;
};

constexpr unsigned digit_of(char letter) {
    if (letter >= '0' && letter <= '9') return static_cast<unsigned>(letter - '0');
    if (letter >= 'a' && letter <= 'f') return static_cast<unsigned>(letter - 'a') + 10;
    if (letter >= 'A' && letter <= 'F') return static_cast<unsigned>(letter - 'A') + 10;
    return 16;
}

constexpr std::optional<Leading> leading_number(std::string_view text) {
    const unsigned base = text.starts_with("0x") ? 16 : 10;
    if (base == 16) text.remove_prefix(2);
    std::uint64_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && digit_of(text[digits]) < base; ++digits)
        if (__builtin_mul_overflow(number, base, &number) || __builtin_add_overflow(number, digit_of(text[digits]), &number))
            return {};
    if (digits == 0) return {};
    return Leading{number, text.substr(digits)};
}

constexpr std::optional<std::uint32_t> percent_in(std::string_view text) {
    if (!text.ends_with('%')) return {};
    text.remove_suffix(1);
    const auto found = leading_number(text);
    if (!found || !found->rest.empty() || found->number >= 100) return {};
    return static_cast<std::uint32_t>(found->number);
}

}  // namespace

std::optional<std::uint32_t> count_in(std::string_view text) {
    const auto found = leading_number(text);
    if (!found || !found->rest.empty() || found->number > 0xffff) return {};
    return static_cast<std::uint32_t>(found->number);
}

std::optional<std::uint64_t> size_in(std::string_view text) {
    const auto found = leading_number(text);
    if (!found || found->rest.size() > 1) return {};
    unsigned shift = 10;
    switch (found->rest.empty() ? 'k' : found->rest[0]) {
        // clang-format off: a table
        case 'b': case 'B': shift = 0; break;
        case 'k': case 'K': shift = 10; break;
        case 'm': case 'M': shift = 20; break;
        case 'g': case 'G': shift = 30; break;
        case 't': case 'T': shift = 40; break;
        // clang-format on
        default: return {};
    }
    if (found->number > ~std::uint64_t{0} >> shift) return {};
    return found->number << shift;
}

std::optional<MemorySize> memory_size_in(std::string_view text) {
    MemorySize size{.less = text.starts_with('-')};
    if (size.less) text.remove_prefix(1);
    const auto plus = text.find('+');
    const auto last = plus == text.npos ? text : text.substr(plus + 1);
    const auto percent = percent_in(last);
    if (percent) size.percent = *percent;
    if (percent && plus == text.npos) return size;
    if (!percent && plus != text.npos) return {};
    const auto bytes = size_in(text.substr(0, plus));
    if (!bytes) return {};
    size.bytes = *bytes;
    return size;
}

std::optional<VcpuWish> vcpus_in(std::string_view text) {
    const auto dash = text.find('-');
    VcpuWish wish;
    if (const auto least = text.substr(0, dash); !least.empty()) {
        const auto count = count_in(least);
        if (!count) return {};
        wish.least = *count;
        if (dash == text.npos) wish.most = *count;
    } else if (dash == text.npos || text.size() == 1) {
        return {};
    }
    if (dash != text.npos && dash + 1 != text.size()) {
        const auto count = count_in(text.substr(dash + 1));
        if (!count) return {};
        wish.most = *count;
    }
    if (wish.most == 0 || wish.most < wish.least) return {};
    return wish;
}

}  // namespace basalt
