// A grant table grows by as many frames as a caller likes.
#pragma once

#include <algorithm>

#include "grants/grant_table.hpp"
#include "domain/pause.hpp"

namespace basalt::hypercalls {

// Others have their turn after some frames, each of which is three pages to make and clear: `again` means that the same call
// goes on, and what was made stays. False: it may not be so large, or there is no memory.
inline Result<bool> grow_in_turns(grants::GrantTable& table, std::uint32_t count) {
    constexpr std::uint32_t at_once = 16;
    if (count > table.limit()) return false;
    for (auto have = table.frame_count(); have < count;) {
        have = std::min(have + at_once, count);
        if (!table.grow(have)) return false;
        if (have < count && better_pause()) return refuse(Error::again);
    }
    return true;
}

}  // namespace basalt::hypercalls
