// Which CPU a domain is offered: its CPUID leaves, but for what depends on the vcpu that asks (cpuid.hpp).
//
// Pure: what the machine has is in an Offer, made once (machine_policy.hpp). Tools choose from the offer, leaf by leaf,
// and `limited` makes of their wish what can be had: features are only taken away, and with each all that build on it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "abi/cpuid.hpp"
#include "abi/xen.hpp"
#include "core/result.hpp"
#include "domain/cpu_choice.hpp"
#include "guests/policy/offered_features.hpp"

namespace basalt::policy {

inline constexpr std::uint32_t no_subleaf = XEN_CPUID_NO_SUBLEAF;

struct LeafNumber {
    std::uint32_t leaf = 0;
    std::uint32_t subleaf = no_subleaf;
    friend constexpr bool operator==(LeafNumber, LeafNumber) = default;
};

// The leaves there can be.
inline constexpr std::uint32_t first_extended = 0x8000'0000;
inline constexpr std::uint32_t last_basic = 0xd;
inline constexpr std::uint32_t last_extended = 0x8000'0021;
inline constexpr std::uint32_t cache_subleaves = 6;
inline constexpr std::uint32_t feature_subleaves = 3;
inline constexpr std::uint32_t topology_subleaves = 2;
inline constexpr std::uint32_t state_subleaves = 63;
inline constexpr std::uint32_t most_leaves = last_basic + 1 + cache_subleaves - 1 + feature_subleaves - 1 + topology_subleaves -
                                             1 + state_subleaves - 1 + (last_extended - first_extended) + 1 + 2;

static_assert(most_leaves == 120);

// What a machine has for one kind of guests.
struct Offer {
    CpuPolicy most;                          // of what tools may choose
    CpuPolicy usual;                         // for domains of which tools say nothing
    CpuPolicy dom0;                          // the usual, and what only holds on this machine
    std::uint64_t state_bits = 0;            // of XCR0
    std::array<CpuidLeaf, 8> states{};       // where each component is in the area of XSAVE, and how big: leaf 0xd
};

using ReadLeaf = CpuidLeaf (*)(std::uint32_t leaf, std::uint32_t subleaf);
Offer offer_of(ReadLeaf machine, std::uint64_t state_bits, const OfferedFeatures& features);

// One leaf more of a wish. out_of_range: there is no such leaf; one that is not kept is forgotten.
Result<> choose(CpuPolicy& wish, LeafNumber number, const CpuidLeaf& leaf);
// What is asked for beyond the last leaf of all.
std::optional<LeafNumber> beyond(const CpuPolicy& wish, const CpuPolicy& most);
CpuPolicy limited(CpuPolicy wish, const CpuPolicy& most);

CpuidLeaf leaf_of(const CpuPolicy& policy, const Offer& offer, std::uint32_t leaf, std::uint32_t subleaf);
bool offers(const CpuPolicy& policy, unsigned feature);
// The components of XCR0 that the policy's features make use of.
std::uint64_t state_bits_of(const CpuPolicy& policy, const Offer& offer);
// The area of XSAVE with these components, and of XSAVEC.
std::uint32_t state_bytes(const Offer& offer, std::uint64_t components);
std::uint32_t packed_state_bytes(const Offer& offer, std::uint64_t components);

// The featureset of <xen/arch-x86/cpufeatureset.h>: word by word, from leaf(number, subleaf).
inline constexpr std::size_t feature_set_words = 19;
struct FeaturePlace {
    LeafNumber number;
    std::uint32_t CpuidLeaf::* word = nullptr;   // null: no leaf has it
};
extern const std::array<FeaturePlace, feature_set_words> feature_places;

template <typename Leaf>
std::array<std::uint32_t, feature_set_words> feature_set(Leaf&& leaf) {
    std::array<std::uint32_t, feature_set_words> words{};
    for (std::size_t index = 0; index < words.size(); ++index) {
        const FeaturePlace& place = feature_places[index];
        if (place.word == nullptr) continue;
        const std::uint32_t subleaf = place.number.subleaf == no_subleaf ? 0 : place.number.subleaf;
        words[index] = leaf(place.number.leaf, subleaf).*place.word;
    }
    return words;
}

// `action(number, leaf)` for each leaf that leaf(number, subleaf) has, in the order tools expect; until one is refused.
template <typename Leaf, typename Action>
Result<> for_each_leaf(Leaf&& leaf, Action&& action) {
    const auto subleaves = [&](std::uint32_t number, std::uint32_t end, auto&& is_last) -> Result<> {
        for (std::uint32_t subleaf = 0; subleaf < end; ++subleaf) {
            const CpuidLeaf found = leaf(number, subleaf);
            TRY(action(LeafNumber{number, subleaf}, found));
            if (is_last(subleaf, found)) break;
        }
        return {};
    };
    const auto plain = [&](std::uint32_t first, std::uint32_t last) -> Result<> {
        for (std::uint32_t number = first; number <= last; ++number)
            TRY(action(LeafNumber{number, no_subleaf}, leaf(number, 0)));
        return {};
    };
    const std::uint32_t last = std::min(leaf(0, 0).eax, last_basic);
    TRY(plain(0, std::min(last, 3u)));
    const auto no_cache = [](std::uint32_t, const CpuidLeaf& found) { return (found.eax & 0x1f) == 0; };
    if (last >= 4) TRY(subleaves(4, cache_subleaves, no_cache));
    if (last >= 5) TRY(plain(5, std::min(last, 6u)));
    const auto last_features = [&](std::uint32_t at, const CpuidLeaf&) { return at >= leaf(7, 0).eax; };
    if (last >= 7) TRY(subleaves(7, feature_subleaves, last_features));
    if (last >= 8) TRY(plain(8, std::min(last, 0xau)));
    const auto no_level = [](std::uint32_t, const CpuidLeaf& found) { return (found.ecx >> 8 & 0xff) == 0; };
    if (last >= 0xb) TRY(subleaves(0xb, topology_subleaves, no_level));
    if (last >= 0xc) TRY(plain(0xc, 0xc));
    if (last >= 0xd) {
        const CpuidLeaf user = leaf(0xd, 0), system = leaf(0xd, 1);
        const std::uint64_t states = user.eax | system.ecx | std::uint64_t{user.edx | system.edx} << 32;
        const auto last_state = [&](std::uint32_t at, const CpuidLeaf&) { return at >= 1 && states >> at <= 1; };
        TRY(subleaves(0xd, state_subleaves, last_state));
    }
    TRY(action(LeafNumber{XEN_CPUID_FIRST_LEAF}, leaf(XEN_CPUID_FIRST_LEAF, 0)));
    TRY(action(LeafNumber{XEN_CPUID_FIRST_LEAF + 0x100}, leaf(XEN_CPUID_FIRST_LEAF + 0x100, 0)));
    return plain(first_extended, std::min(std::max(leaf(first_extended, 0).eax, first_extended), last_extended));
}

}  // namespace basalt::policy
