#include "guests/pv/cpuid.hpp"

#include <algorithm>

#include "abi/cpuid.hpp"
#include "abi/xen.hpp"
#include "devices/clock.hpp"
#include "domain/domain.hpp"
#include "guests/pv/cpu_policy.hpp"
#include "guests/pv/hypervisor_name.hpp"
#include "guests/pv/machine_policy.hpp"
#include "machine/features.hpp"
#include "pv_vcpu/pv_vcpu.hpp"
#include "toolchain/configuration.hpp"

namespace basalt::pv {
namespace {

// Tools may end the leaves early, but not before the hypercall page.
std::uint32_t last_xen_leaf(const CpuPolicy& policy) {
    constexpr std::uint32_t last = XEN_CPUID_MAX_NUM_LEAVES, least = 2;
    return policy.last_xen_leaf == 0 ? last : std::clamp<std::uint32_t>(policy.last_xen_leaf, least, last);
}

constexpr std::uint32_t xen_leaves = XEN_CPUID_FIRST_LEAF;
constexpr std::uint32_t own_leaves = XEN_CPUID_FIRST_LEAF + 0x100;

constexpr std::uint32_t spelled(const char (&four)[5]) {
    std::uint32_t word = 0;
    for (unsigned letter = 0; letter < 4; ++letter)
        word |= std::uint32_t{static_cast<unsigned char>(four[letter])} << 8 * letter;
    return word;
}

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
    if (subleaf == 0) leaf.ebx = state_bytes(machine_offer(), pv::of(vcpu).xcr0);
    if (subleaf == 1 && (leaf.eax & packs) != 0) leaf.ebx = packed_state_bytes(machine_offer(), pv::of(vcpu).xcr0);
    return leaf;
}

CpuidLeaf from_policy(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    const CpuidLeaf found = leaf_of(policy_of(vcpu.domain), machine_offer(), leaf, subleaf);
    switch (leaf) {
        case 1: return leaf_1(vcpu, found);
        case 0xd: return leaf_d(vcpu, found, subleaf);
        default: return found;
    }
}

CpuidLeaf time_leaf(const CpuChoice& choice, std::uint32_t subleaf) {
    const ClockScale& scale = time_line().scale;
    const auto kilohertz = static_cast<std::uint32_t>(tsc_hz() / 1000);
    constexpr std::uint32_t tsc_is_emulated = 1, tsc_is_reliable = 1 << 1, has_rdtscp = 1 << 2;
    const std::uint32_t flags = (choice.tsc_is_emulated() ? tsc_is_emulated : 0) | (clock_is_stable() ? tsc_is_reliable : 0) |
                                (features().rdtscp ? has_rdtscp : 0);
    if (subleaf == 0) return {flags, static_cast<std::uint32_t>(choice.tsc_mode.load()), kilohertz, choice.tsc_incarnation};
    if (subleaf == 1) return {0, 0, scale.multiplier, static_cast<std::uint32_t>(scale.shift)};
    if (subleaf == 2) return {kilohertz, 0, 0, 0};
    return {};
}

}  // namespace

CpuidLeaf hypervisor_leaf(const Domain& domain, std::uint32_t leaf, std::uint32_t subleaf) {
    const std::uint32_t last_xen = last_xen_leaf(policy_of(domain));
    if (leaf > xen_leaves + last_xen && leaf < own_leaves) return {};
    switch (leaf) {
        case xen_leaves:
            return {xen_leaves + last_xen, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX};
        case xen_leaves + 1: return {reported_version, 0, 0, 0};
        case xen_leaves + 2: return {1, xen_leaves, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0};
        case xen_leaves + 3: return time_leaf(domain.cpus(), subleaf);
        case xen_leaves + 5: return {0, subleaf == 0 ? features().physical_bits : 0, 0, 0};
        case own_leaves: return {own_leaves + 1, spelled("Basa"), spelled("ltBa"), spelled("salt")};
        case own_leaves + 1: return {configuration::version_number, __HYPERVISOR_arch_7, 0, 0};
        default: return {};
    }
}

CpuidLeaf guest_cpuid(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    const bool of_hypervisor = leaf >= xen_leaves && leaf < xen_leaves + 0x10000;
    return of_hypervisor ? hypervisor_leaf(vcpu.domain, leaf, subleaf) : from_policy(vcpu, leaf, subleaf);
}

}  // namespace basalt::pv
