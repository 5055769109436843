// The kinds of guest there are. Whoever asks by a `switch` over all of them is told by the compiler of a further one.
#pragma once

#include <cstdint>

namespace basalt {

enum class GuestKind : std::uint8_t { pv };

}   // namespace basalt
