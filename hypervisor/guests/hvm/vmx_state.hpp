// A guest's state between its block, which guests/hvm reads and writes, and Intel's VMCS. Nothing of this is called for a guest
// of SVM's.
#pragma once

#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

// Its VMCS becomes this CPU's, with the registers that exits leave alone; and what the CPU had becomes the block's again.
void load_vmx_state(HvmVcpu& vcpu);
void save_vmx_state(HvmVcpu& vcpu);

// All of the state is in the block, whoever runs. With `to_change` it goes back whole before the next entry.
void bring_state(HvmVcpu& vcpu, bool to_change = false);

// Behind an exit: what nearly every answer looks at. Before an entry: what is not in the VMCS as it is here.
void read_exit_state(HvmVcpu& vcpu);
void write_entry_state(HvmVcpu& vcpu);

}   // namespace basalt::hvm
