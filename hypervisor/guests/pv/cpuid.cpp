#include "guests/pv/cpuid.hpp"

#include "abi/cpuid.hpp"
#include "domain/domain.hpp"
#include "guests/policy/hypervisor_leaf.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/features.hpp"
#include "pv_vcpu/pv_vcpu.hpp"

namespace basalt::pv {
namespace {

// The vcpu's own APIC number, and what it has switched on itself. Of XSAVE a kernel hears that it is on, as on Xen: it
// is, for Basalt's own use, and PV kernels look for that before they switch it on.
CpuidLeaf leaf_1(const Vcpu& vcpu, CpuidLeaf leaf) {
    constexpr std::uint32_t has = std::uint32_t{1} << XEN_X86_FEATURE_XSAVE % 32;
    constexpr std::uint32_t is_on = std::uint32_t{1} << XEN_X86_FEATURE_OSXSAVE % 32;
    leaf.ebx |= vcpu.id.raw * 2 << 24;
    if ((leaf.ecx & has) != 0 && (pv::of(vcpu).in_kernel || (pv::of(vcpu).cr4 & cr4::xsave) != 0)) leaf.ecx |= is_on;
    return leaf;
}

// SDM 1 13.2: the area's size with the components that the vcpu has switched on.
CpuidLeaf leaf_d(const Vcpu& vcpu, CpuidLeaf leaf, std::uint32_t subleaf) {
    constexpr std::uint32_t packs = std::uint32_t{1} << XEN_X86_FEATURE_XSAVEC % 32;
    if (leaf.eax == 0) return leaf;
    if (subleaf == 0) leaf.ebx = policy::state_bytes(policy::machine_offer(GuestKind::pv), pv::of(vcpu).xcr0);
    if (subleaf == 1 && (leaf.eax & packs) != 0)
        leaf.ebx = policy::packed_state_bytes(policy::machine_offer(GuestKind::pv), pv::of(vcpu).xcr0);
    return leaf;
}

CpuidLeaf from_policy(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    const CpuidLeaf found =
        policy::leaf_of(policy::policy_of(vcpu.domain), policy::machine_offer(GuestKind::pv), leaf, subleaf);
    switch (leaf) {
        case 1: return leaf_1(vcpu, found);
        case 0xd: return leaf_d(vcpu, found, subleaf);
        default: return found;
    }
}

}  // namespace

CpuidLeaf guest_cpuid(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    return policy::is_of_hypervisor(leaf) ? policy::hypervisor_leaf(vcpu, leaf, subleaf) : from_policy(vcpu, leaf, subleaf);
}

}  // namespace basalt::pv
