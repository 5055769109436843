#include "core/per_cpu.hpp"
#include "machine.hpp"

namespace basalt {

CpuId current_cpu() { return fakes::cpu; }

}  // namespace basalt
