// What Basalt calls itself towards guests: the version of Xen whose ABI it speaks, and beside it its own.
#pragma once

#include <cstdint>
#include <string_view>

namespace basalt {

inline constexpr std::uint32_t reported_version = 4 << 16 | 17;
inline constexpr std::string_view extra_version = ".0-basalt";

}  // namespace basalt

// Which source the image was made from, and when that was committed (toolchain/source-words.cmake).
extern "C" const char source_name[], source_date[];
