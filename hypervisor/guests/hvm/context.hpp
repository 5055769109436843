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
hvm_hw_cpu told_cpu(const Vcpu& vcpu);

// The same of PAT and the types of ranges; as the guest itself may write them.
Result<> look_at_memory_types(const Domain& domain, const hvm_hw_mtrr& types);
void set_memory_types(Vcpu& vcpu, const hvm_hw_mtrr& types);
hvm_hw_mtrr told_memory_types(const Vcpu& vcpu);

}   // namespace basalt::hvm
