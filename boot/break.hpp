// Faults on request (option `break=`), to see that each ends in a report.
#pragma once

#include <string_view>

namespace basalt {

// Does not return if there is a fault of this name.
void commit_fault(std::string_view name);

}  // namespace basalt
