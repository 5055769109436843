// CPUID, as the domain's policy says.
#include "abi/cpuid.hpp"
#include "domain/domain.hpp"
#include "guests/hvm/exits.hpp"
#include "guests/policy/hypervisor_leaf.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/instructions.hpp"

namespace basalt::hvm {
namespace {

constexpr std::uint32_t bit_of(unsigned feature) { return std::uint32_t{1} << feature % 32; }

// The vcpu's local APIC, and whether it has XSAVE switched on.
CpuidLeaf leaf_1(const HvmVcpu& vcpu, CpuidLeaf leaf) {
    leaf.ebx |= vcpu.id.raw * 2 << 24;
    if ((vcpu.state().cr4 & cr4::xsave) != 0) leaf.ecx |= bit_of(XEN_X86_FEATURE_OSXSAVE);
    return leaf;
}

// SDM 2A, leaf 0xb: of the topology nothing but which APIC this is, as on Xen.
CpuidLeaf leaf_b(const HvmVcpu& vcpu, const CpuPolicy& policy, std::uint32_t subleaf) {
    const bool told = subleaf < policy::topology_subleaves && policy::offers(policy, XEN_X86_FEATURE_X2APIC);
    return told ? CpuidLeaf{0, 0, subleaf, vcpu.id.raw * 2} : CpuidLeaf{};
}

// SDM 1 13.2: the area's size with the components that the vcpu has switched on. QEMU's TCG does not tell when it does.
CpuidLeaf leaf_d(CpuidLeaf leaf, std::uint32_t subleaf) {
    if (leaf.eax == 0 || subleaf > 1) return leaf;
    const policy::Offer& offer = policy::machine_offer(GuestKind::hvm);
    if (subleaf == 0) leaf.ebx = policy::state_bytes(offer, read_xcr0());
    if (subleaf == 1 && (leaf.eax & bit_of(XEN_X86_FEATURE_XSAVEC)) != 0)
        leaf.ebx = policy::packed_state_bytes(offer, read_xcr0());
    return leaf;
}

CpuidLeaf leaf_for(const HvmVcpu& vcpu, std::uint32_t number, std::uint32_t subleaf) {
    if (policy::is_of_hypervisor(number)) return policy::hypervisor_leaf(vcpu, number, subleaf);
    const CpuPolicy& policy = policy::policy_of(vcpu.domain);
    if (number == 0xb) return leaf_b(vcpu, policy, subleaf);
    const CpuidLeaf leaf = policy::leaf_of(policy, policy::machine_offer(GuestKind::hvm), number, subleaf);
    switch (number) {
        case 1: return leaf_1(vcpu, leaf);
        case 0xd: return leaf_d(leaf, subleaf);
        default: return leaf;
    }
}

}   // namespace

void cpuid_exit(HvmVcpu& vcpu) {
    if (!stepped_over(vcpu, instructions::Operation::cpuid)) return;
    Registers& registers = vcpu.registers;
    const CpuidLeaf leaf = leaf_for(vcpu, static_cast<std::uint32_t>(registers.rax), static_cast<std::uint32_t>(registers.rcx));
    registers.rax = leaf.eax, registers.rbx = leaf.ebx, registers.rcx = leaf.ecx, registers.rdx = leaf.edx;
}

}   // namespace basalt::hvm
