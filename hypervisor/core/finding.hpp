// What an audit found: something that Basalt has noted, and that does not follow from everything else it has noted.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/number.hpp"

namespace basalt {

struct Finding {
    DomainId domain{};           // whose
    std::string_view kind;       // "frame", "port", "grant", ...
    std::uint64_t number = 0;    // which
    std::string_view what;       // what of it
    std::uint64_t found = 0;
    std::uint64_t expected = 0;
};

}    // namespace basalt
