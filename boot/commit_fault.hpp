// Faults on request (option `break=`), to see that each ends in a report.
#pragma once

#include <array>
#include <string_view>

namespace basalt {

inline constexpr std::array<std::string_view, 6> fault_names{"write", "text", "stack", "assertion", "panic", "reference"};

// Returns where there is no fault of this name, and from those that only the audit can see.
void commit_fault(std::string_view name);

}  // namespace basalt
