// What Basalt calls itself towards guests: the version of Xen whose ABI it speaks, and beside it its own.
#pragma once

#include <cstdint>
#include <string_view>

namespace basalt {

inline constexpr std::uint32_t reported_version = 4 << 16 | 17;
inline constexpr std::string_view extra_version = ".0-basalt";
inline constexpr std::uint32_t basalt_version = 0 << 16 | 1;
inline constexpr std::string_view basalt_version_text = "Basalt 0.1";

}  // namespace basalt
