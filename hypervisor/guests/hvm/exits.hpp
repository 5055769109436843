// One exit, as its answer is spread over files.
#pragma once

#include <optional>
#include <string_view>

#include "hvm_vcpu/hvm_vcpu.hpp"
#include "instructions/instruction.hpp"

namespace basalt::hvm {

// The guest goes on behind the instruction that it was left at. False: that is another one by now, since another vcpu has
// written there, or it cannot be read any more: nothing is changed, and the guest meets what is there.
[[nodiscard]] bool stepped_over(HvmVcpu& vcpu, instructions::Operation what);
// Behind an exit, whose reason is in the vcpu's block: it is answered, and the next entry prepared.
void guest_left(HvmVcpu& vcpu);
void stepped_to(HvmVcpu& vcpu, std::uint64_t next);

// What happens where a guest has done something that no guest of ours can do.
void crash(HvmVcpu& vcpu, std::string_view reason);

// The same of one that is carried out, as it has been read.
void stepped_over(HvmVcpu& vcpu, const instructions::Instruction& instruction);
// What lies there now. Nothing: it is none of ours, and the guest has its #UD.
std::optional<instructions::Instruction> instruction_at_rip(HvmVcpu& vcpu);

void nested_page_fault_exit(HvmVcpu& vcpu);   // devices.cpp
void control_register_exit(HvmVcpu& vcpu);   // control_registers.cpp
void extended_control_exit(HvmVcpu& vcpu);   // the same
void cpuid_exit(HvmVcpu& vcpu);      // cpuid.cpp
void port_exit(HvmVcpu& vcpu);       // ports.cpp
void register_exit(HvmVcpu& vcpu);   // msrs.cpp

}   // namespace basalt::hvm
