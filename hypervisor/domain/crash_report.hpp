// What is told of the running vcpu when its domain has done something it cannot go on from: enough to find it in the kernel.
#pragma once

#include <string_view>

#include "domain/vcpu.hpp"

namespace basalt {

// Its stack is left alone where memory may be what failed: reading it could be the next machine check, and Basalt's own.
void report_crash(const Vcpu& running, std::string_view reason, bool with_stack);

}  // namespace basalt
