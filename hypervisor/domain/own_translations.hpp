// The running domain's translations are forgotten on those of these CPUs that may have any, this one among them or not: where a
// vcpu of the domain was, somebody else's tables have been loaded since.
#pragma once

#include <cstdint>

#include "core/cpu_mask.hpp"

namespace basalt {

void forget_own(CpuMask among);
void forget_own_page(CpuMask among, std::uint64_t address);

}   // namespace basalt
