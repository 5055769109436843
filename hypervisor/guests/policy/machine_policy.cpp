#include "guests/policy/machine_policy.hpp"

#include "abi/cpuid.hpp"
#include "core/once.hpp"
#include "domain/domain.hpp"
#include "machine/features.hpp"

namespace basalt::policy {
namespace {

// Before there are domains.
constinit Once<Offer> pv_offer, hvm_offer;

constexpr std::uint32_t bit_of(unsigned feature) { return std::uint32_t{1} << feature % 32; }

// A CPU whose LFENCE serialises without CPUID's saying so is told as one that says so.
CpuidLeaf with_lfence(CpuidLeaf found, std::uint32_t leaf) {
    constexpr std::uint32_t says_so = 0x8000'0021;
    if (!features().lfence_serialises) return found;
    if (leaf == first_extended) found.eax = std::max(found.eax, says_so);
    if (leaf == says_so) found.eax |= bit_of(XEN_X86_FEATURE_LFENCE_DISPATCH);
    return found;
}

// Where SMAP does not work it is not used, and not offered.
CpuidLeaf leaf_to_offer(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidLeaf found = with_lfence(raw_leaf(leaf, subleaf), leaf);
    if (leaf == 7 && subleaf == 0 && !features().smap) found.ebx &= ~bit_of(XEN_X86_FEATURE_SMAP);
    return found;
}

}  // namespace

void find_offer() {
    const std::uint64_t states = features().xsave ? features().xsave_bits : 0;
    pv_offer.set(offer_of(leaf_to_offer, states, pv_features));
    hvm_offer.set(offer_of(leaf_to_offer, states, hvm_features));
}

const Offer& machine_offer(GuestKind kind) { return kind == GuestKind::hvm ? *hvm_offer : *pv_offer; }

const CpuPolicy& policy_of(const Domain& domain) {
    if (const auto& chosen = domain.cpus().policy) return *chosen;
    const Offer& offer = machine_offer(domain.kind);
    return domain.privileged ? offer.dom0 : offer.usual;
}

// Past the last leaf a CPU of Intel's says again what the last one says.
CpuidLeaf raw_leaf(std::uint32_t leaf, std::uint32_t subleaf) {
    if (leaf >= XEN_CPUID_FIRST_LEAF && leaf < first_extended) return {};   // of whoever Basalt itself runs under
    const std::uint32_t last = cpuid(leaf >= first_extended ? first_extended : 0).eax;
    return leaf <= last ? cpuid(leaf, subleaf) : CpuidLeaf{};
}

// Without what belongs to one CPU or to the moment, and what Basalt has found unusable.
CpuidLeaf host_leaf(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidLeaf found = leaf_to_offer(leaf, subleaf);
    switch (leaf) {
        case 0: found.eax = std::min(found.eax, last_basic); break;
        case 1:
            found.ebx &= 0x00ffffff;
            found.ecx &= ~bit_of(XEN_X86_FEATURE_OSXSAVE);
            break;
        case 5:
        case 6:
        case 9:
        case 0xa:
        case 0xb: return {};   // MWAIT, power, counters, topology
        case 7:
            if (subleaf != 0) break;
            found.eax = std::min(found.eax, feature_subleaves - 1);
            found.ecx &= ~bit_of(XEN_X86_FEATURE_OSPKE);
            break;
        case 0xd:
            if (subleaf <= 1) found.ebx = 0;
            break;
        case first_extended: found.eax = std::min(found.eax, last_extended); break;
        default: break;
    }
    return found;
}

}  // namespace basalt::policy
