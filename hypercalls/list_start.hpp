// Where a guest's list may begin, one of no elements too: at a canonical address that is not Basalt's. What follows is
// looked at when it is read.
#pragma once

#include <cstdint>

#include "core/layout.hpp"
#include "core/result.hpp"

namespace basalt::hypercalls {

inline Result<> check_list_start(std::uint64_t address) {
    constexpr std::uint64_t end_of_lower_half = std::uint64_t{1} << 47;
    if (address < end_of_lower_half || address >= layout::end) return {};
    return refuse(Error::bad_address);
}

}  // namespace basalt::hypercalls
