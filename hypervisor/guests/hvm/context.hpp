// A vcpu of a hardware-assisted guest as tools describe it.
#pragma once

#include "abi/hvm_save.hpp"
#include "core/result.hpp"
#include "domain/vcpu.hpp"

namespace basalt::hvm {

// invalid: no processor that this guest has could be in this state; the log says what is wrong with it.
Result<> look_at_cpu(const Domain& domain, const hvm_hw_cpu& cpu);
// The vcpu, which does not run meanwhile, is in this state, which has been looked at.
void set_cpu(Vcpu& vcpu, const hvm_hw_cpu& cpu);

}   // namespace basalt::hvm
