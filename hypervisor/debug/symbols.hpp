// Which function an address of the image lies in. The table is made by the build after a first link.
#pragma once

#include <cstdint>
#include <string_view>

namespace basalt {

struct CodePlace {
    std::string_view function;    // empty: not in any function of ours
    std::uint64_t offset = 0;     // from the function's first byte
};

CodePlace name_of(std::uint64_t address);

}  // namespace basalt
