// CPUID, as the domain's policy says.
#include "guests/hvm/exits.hpp"
#include "guests/pv/cpuid.hpp"

namespace basalt::hvm {

void cpuid_exit(HvmVcpu& vcpu) {
    if (!stepped_over(vcpu, instructions::Operation::cpuid)) return;
    Registers& registers = vcpu.registers;
    const CpuidLeaf leaf =
        pv::hypervisor_leaf(vcpu.domain, static_cast<std::uint32_t>(registers.rax), static_cast<std::uint32_t>(registers.rcx));
    registers.rax = leaf.eax, registers.rbx = leaf.ebx, registers.rcx = leaf.ecx, registers.rdx = leaf.edx;
}

}   // namespace basalt::hvm
