#include "guests/pv/cpuid.hpp"

#include <algorithm>

#include "devices/clock.hpp"
#include "domain/domain.hpp"
#include "guests/pv/cpu_features.hpp"
#include "guests/pv/hypervisor_name.hpp"
#include "machine/features.hpp"

namespace basalt::pv {
namespace {

enum Word : unsigned { w1d, w1c, we1d, we1c, wD1a, w7b, w7c, we7d, we8b, w7d, w71a, we21a };

constexpr std::uint32_t bit_of(unsigned feature) { return std::uint32_t{1} << feature % 32; }

constexpr std::uint32_t xen_leaves = XEN_CPUID_FIRST_LEAF;
constexpr std::uint32_t own_leaves = XEN_CPUID_FIRST_LEAF + 0x100;
constexpr std::uint32_t last_basic = 0xd;
constexpr std::uint32_t first_extended = 0x8000'0000;
constexpr std::uint32_t last_extended = 0x8000'0021;


constexpr std::uint32_t spelled(const char (&four)[5]) {
    std::uint32_t word = 0;
    for (unsigned letter = 0; letter < 4; ++letter)
        word |= std::uint32_t{static_cast<unsigned char>(four[letter])} << 8 * letter;
    return word;
}

// Leaf 1 besides features: the guest's own APIC number, and what it has switched on itself.
CpuidLeaf leaf_1(const Vcpu& vcpu, CpuidLeaf leaf) {
    leaf.ebx = (leaf.ebx & 0x0000'ff00) | vcpu.id.raw * 2 << 24 | 1 << 16;
    leaf.ecx &= pv_features[w1c];
    leaf.edx &= pv_features[w1d];
    leaf.ecx |= bit_of(XEN_X86_FEATURE_HYPERVISOR);
    if ((vcpu.pv.cr4 & cr4::xsave) != 0) leaf.ecx |= bit_of(XEN_X86_FEATURE_OSXSAVE);
    return leaf;
}

CpuidLeaf leaf_7(CpuidLeaf leaf, std::uint32_t subleaf) {
    if (subleaf == 1) return {leaf.eax & pv_features[w71a], 0, 0, 0};
    if (subleaf > 1) return {};
    return {std::min(leaf.eax, std::uint32_t{1}), leaf.ebx & pv_features[w7b], leaf.ecx & pv_features[w7c],
            leaf.edx & pv_features[w7d]};
}

// SDM 1 13.2. Components that are not offered have no size either.
CpuidLeaf leaf_d(CpuidLeaf leaf, std::uint32_t subleaf) {
    const std::uint64_t offered = features().xsave_bits;
    if (subleaf == 0) {
        leaf.eax = static_cast<std::uint32_t>(offered);
        leaf.edx = static_cast<std::uint32_t>(offered >> 32);
        return leaf;
    }
    if (subleaf == 1) return {leaf.eax & pv_features[wD1a], leaf.ebx, 0, 0};
    return subleaf < 63 && (offered >> subleaf & 1) != 0 ? leaf : CpuidLeaf{};
}

CpuidLeaf basic(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    const CpuidLeaf found = cpuid(leaf, subleaf);
    switch (leaf) {
        case 0: return {std::min(found.eax, last_basic), found.ebx, found.ecx, found.edx};
        case 1: return leaf_1(vcpu, found);
        case 2:
        case 4: return found;
        case 7: return leaf_7(found, subleaf);
        case 0xd: return features().xsave ? leaf_d(found, subleaf) : CpuidLeaf{};
        default: return {};   // MWAIT, thermal, performance counters, topology: nothing to be had
    }
}

CpuidLeaf extended(std::uint32_t leaf) {
    CpuidLeaf found = cpuid(leaf);
    switch (leaf) {
        case first_extended: return {std::min(found.eax, last_extended), found.ebx, found.ecx, found.edx};
        case 0x8000'0001:
            return {found.eax, 0, found.ecx & pv_features[we1c], found.edx & pv_features[we1d]};
        case 0x8000'0002: case 0x8000'0003: case 0x8000'0004:   // the name
        case 0x8000'0005: case 0x8000'0006:                     // caches
            return found;
        case 0x8000'0007: return {0, 0, 0, found.edx & bit_of(XEN_X86_FEATURE_ITSC)};
        case 0x8000'0008: return {found.eax & 0xffff, found.ebx & pv_features[we8b], 0, 0};
        case 0x8000'0021: return {found.eax & pv_features[we21a], 0, 0, 0};
        default: return {};
    }
}

CpuidLeaf time_leaf(std::uint32_t subleaf) {
    const ClockScale& scale = time_line().scale;
    const auto kilohertz = static_cast<std::uint32_t>(tsc_hz() / 1000);
    constexpr std::uint32_t tsc_is_reliable = 1 << 1;
    if (subleaf == 0) return {clock_is_stable() ? tsc_is_reliable : 0, 0, kilohertz, 0};
    if (subleaf == 1) return {0, 0, scale.multiplier, static_cast<std::uint32_t>(scale.shift)};
    if (subleaf == 2) return {kilohertz, 0, 0, 0};
    return {};
}

}  // namespace

CpuidLeaf hypervisor_leaf(std::uint32_t leaf, std::uint32_t subleaf) {
    constexpr std::uint32_t last_xen = 5;
    switch (leaf) {
        case xen_leaves:
            return {xen_leaves + last_xen, XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_EDX};
        case xen_leaves + 1: return {reported_version, 0, 0, 0};
        case xen_leaves + 2: return {1, xen_leaves, XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, 0};
        case xen_leaves + 3: return time_leaf(subleaf);
        case xen_leaves + 5: return {0, subleaf == 0 ? features().physical_bits : 0, 0, 0};
        case own_leaves: return {own_leaves + 1, spelled("Basa"), spelled("ltBa"), spelled("salt")};
        case own_leaves + 1: return {basalt_version, __HYPERVISOR_arch_7, 0, 0};
        default: return {};
    }
}

CpuidLeaf guest_cpuid(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf) {
    if (leaf >= xen_leaves && leaf < xen_leaves + 0x10000) return hypervisor_leaf(leaf, subleaf);
    if (leaf >= first_extended) return leaf <= last_extended ? extended(leaf) : CpuidLeaf{};
    return leaf <= last_basic ? basic(vcpu, leaf, subleaf) : CpuidLeaf{};
}

}  // namespace basalt::pv
