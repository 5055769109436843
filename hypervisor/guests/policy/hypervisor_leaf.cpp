#include "guests/policy/hypervisor_leaf.hpp"

#include <algorithm>

#include "abi/xen.hpp"
#include "devices/clock.hpp"
#include "domain/domain.hpp"
#include "guests/policy/hypervisor_name.hpp"
#include "guests/policy/machine_policy.hpp"
#include "machine/features.hpp"
#include "toolchain/configuration.hpp"

namespace basalt::policy {
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

CpuidLeaf calls_leaf(GuestKind kind) {
    return {1, xen_leaves, kind == GuestKind::pv ? XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD : 0, 0};
}

// Without XEN_HVM_CPUID_UPCALL_VECTOR, which stock Xen has: Linux then has its upcalls by the callback's vector alone, without
// a local APIC that has to be told that each of them is over, and so without an exit for each.
CpuidLeaf machine_leaf(const Vcpu& vcpu) {
    constexpr std::uint32_t is_told =
        XEN_HVM_CPUID_IOMMU_MAPPINGS | XEN_HVM_CPUID_VCPU_ID_PRESENT | XEN_HVM_CPUID_DOMID_PRESENT;
    return {is_told, vcpu.id.raw, vcpu.domain.id.raw, 0};
}

}   // namespace

CpuidLeaf hypervisor_leaf(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    const Domain& domain = vcpu.domain;
    const bool pv = domain.kind == GuestKind::pv;
    const std::uint32_t last_xen = last_xen_leaf(policy_of(domain));
    if (leaf > xen_leaves + last_xen && leaf < own_leaves) return {};
    switch (leaf) {
        case xen_leaves:
            return {xen_leaves + last_xen, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX};
        case xen_leaves + 1: return {reported_version, 0, 0, 0};
        case xen_leaves + 2: return calls_leaf(domain.kind);
        case xen_leaves + 3: return time_leaf(domain.cpus(), subleaf);
        case xen_leaves + 4: return !pv && subleaf == 0 ? machine_leaf(vcpu) : CpuidLeaf{};
        case xen_leaves + 5: return pv && subleaf == 0 ? CpuidLeaf{0, features().physical_bits, 0, 0} : CpuidLeaf{};
        case own_leaves: return {own_leaves + 1, spelled("Basa"), spelled("ltBa"), spelled("salt")};
        case own_leaves + 1: return {configuration::version_number, __HYPERVISOR_arch_7, 0, 0};
        default: return {};
    }
}

}   // namespace basalt::policy
