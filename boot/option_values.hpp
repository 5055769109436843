// What stands behind the `=` of an option: numbers, sizes, lists.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "boot/wishes.hpp"

namespace basalt {

// Decimal, or hexadecimal with 0x; at most 65535.
std::optional<std::uint32_t> count_in(std::string_view text);

// As Xen reads sizes: B, K, M, G or T behind the number, KiB without one. In bytes.
std::optional<std::uint64_t> size_in(std::string_view text);

// 512M, 25%, 1G+25%, and each with a minus in front.
std::optional<MemorySize> memory_size_in(std::string_view text);

// 4, 2-8, 2- or -8.
std::optional<VcpuWish> vcpus_in(std::string_view text);

// Calls `take` for each part between separators.
template <typename Take>
constexpr void each_part(std::string_view text, char separator, Take&& take) {
    for (;;) {
        const auto end = text.find(separator);
        take(text.substr(0, end));
        if (end == text.npos) return;
        text.remove_prefix(end + 1);
    }
}

}  // namespace basalt
