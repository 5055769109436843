// Where a vcpu begins that another one has started.
#pragma once

#include <cstdint>

#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

// After INIT and a start-up message: in real mode, at the start of that page. On its own CPU. SDM 3A 8.4.3, table 9-1.
void start_at_page(HvmVcpu& vcpu, std::uint8_t page);

}   // namespace basalt::hvm
