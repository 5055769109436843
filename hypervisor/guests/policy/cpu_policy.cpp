#include "guests/policy/cpu_policy.hpp"

#include "abi/cpuid.hpp"
#include "guests/policy/feature_needs.hpp"

namespace basalt::policy {

// clang-format off: a table
constexpr std::array<FeaturePlace, feature_set_words> feature_places{{
    {{1}, &CpuidLeaf::edx}, {{1}, &CpuidLeaf::ecx},
    {{0x8000'0001}, &CpuidLeaf::edx}, {{0x8000'0001}, &CpuidLeaf::ecx},
    {{0xd, 1}, &CpuidLeaf::eax}, {{7, 0}, &CpuidLeaf::ebx}, {{7, 0}, &CpuidLeaf::ecx},
    {{0x8000'0007}, &CpuidLeaf::edx}, {{0x8000'0008}, &CpuidLeaf::ebx}, {{7, 0}, &CpuidLeaf::edx},
    {{7, 1}, &CpuidLeaf::eax}, {{0x8000'0021}, &CpuidLeaf::eax}, {{7, 1}, &CpuidLeaf::ebx},
    {{7, 2}, &CpuidLeaf::edx}, {{7, 1}, &CpuidLeaf::ecx}, {{7, 1}, &CpuidLeaf::edx},
    {}, {},   // of an MSR that PV guests do not have
    {{0x8000'0021}, &CpuidLeaf::ecx},
}};
// clang-format on

namespace {

// In the order of CpuPolicy::leaves.
// clang-format off: a table
constexpr std::array<LeafNumber, CpuPolicy::count> kept{{
    {0}, {1}, {2}, {4, 0}, {4, 1}, {4, 2}, {4, 3}, {4, 4}, {4, 5}, {7, 0}, {7, 1}, {7, 2}, {0xd, 1},
    {0x8000'0000}, {0x8000'0001}, {0x8000'0002}, {0x8000'0003}, {0x8000'0004}, {0x8000'0005}, {0x8000'0006},
    {0x8000'0007}, {0x8000'0008}, {0x8000'0021},
}};
// clang-format on

constexpr std::size_t place_of(LeafNumber number) {
    return static_cast<std::size_t>(std::ranges::find(kept, number) - kept.begin());
}

// Where the leaves begin that are kept, by number: CPUID is what programs leave a hardware-assisted guest for most often.
constexpr std::uint8_t not_kept = CpuPolicy::count;
template <std::size_t leaves>
consteval std::array<std::uint8_t, leaves> places_from(std::uint32_t first) {
    std::array<std::uint8_t, leaves> places{};
    places.fill(not_kept);
    for (std::size_t place = kept.size(); place-- > 0;)
        if (kept[place].leaf - first < leaves) places[kept[place].leaf - first] = static_cast<std::uint8_t>(place);
    return places;
}
constexpr auto basic_places = places_from<last_basic + 1>(0);
constexpr auto extended_places = places_from<last_extended - first_extended + 1>(first_extended);

constexpr std::size_t quick_place_of(LeafNumber number) {
    const bool extended = number.leaf >= first_extended;
    const std::uint32_t index = extended ? number.leaf - first_extended : number.leaf;
    if (index >= (extended ? extended_places.size() : basic_places.size())) return not_kept;
    std::size_t place = extended ? extended_places[index] : basic_places[index];
    if (number.subleaf < cache_subleaves && place < not_kept && kept[place].subleaf < number.subleaf)
        place += number.subleaf - kept[place].subleaf;
    return place < not_kept && kept[place] == number ? place : not_kept;
}
consteval bool all_are_found() {
    for (std::uint32_t leaf = 0; leaf < 0x40; ++leaf)
        for (const std::uint32_t first : {std::uint32_t{0}, first_extended})
            for (const std::uint32_t subleaf : {0u, 1u, 2u, 3u, 5u, 6u, 62u, no_subleaf})
                if (quick_place_of({first + leaf, subleaf}) != place_of({first + leaf, subleaf})) return false;
    return true;
}
static_assert(all_are_found());

template <typename Policy>
auto* find(Policy& policy, LeafNumber number) {
    const std::size_t place = quick_place_of(number);
    return place != not_kept ? &policy.leaves[place] : nullptr;
}
template <std::uint32_t leaf, std::uint32_t subleaf = no_subleaf>
auto& in(auto& policy) {
    constexpr std::size_t place = place_of({leaf, subleaf});
    static_assert(place < kept.size());
    return policy.leaves[place];
}

using FeatureSet = std::array<std::uint32_t, feature_set_words>;

constexpr std::uint32_t bit_of(unsigned feature) { return std::uint32_t{1} << feature % 32; }
bool has(const FeatureSet& set, unsigned feature) { return (set[feature / 32] & bit_of(feature)) != 0; }
void remove(FeatureSet& set, unsigned feature) { set[feature / 32] &= ~bit_of(feature); }

FeatureSet features_of(const CpuPolicy& policy) {
    return feature_set([&](std::uint32_t leaf, std::uint32_t subleaf) {
        const bool divided = leaf == 7 || leaf == 0xd;
        return *find(policy, {leaf, divided ? subleaf : no_subleaf});
    });
}

void set_features(CpuPolicy& policy, const FeatureSet& set) {
    for (std::size_t index = 0; index < set.size(); ++index)
        if (const FeaturePlace& place = feature_places[index]; place.word != nullptr)
            find(policy, place.number)->*place.word = set[index];
}

bool is_named(const CpuidLeaf& leaf, const char (&name)[13]) {
    const auto word = [&](unsigned at) {
        std::uint32_t letters = 0;
        for (unsigned letter = 0; letter < 4; ++letter)
            letters |= std::uint32_t{static_cast<unsigned char>(name[at + letter])} << 8 * letter;
        return letters;
    };
    return leaf.ebx == word(0) && leaf.edx == word(4) && leaf.ecx == word(8);
}
bool is_amd(const CpuPolicy& policy) {
    return is_named(in<0>(policy), "AuthenticAMD") || is_named(in<0>(policy), "HygonGenuine");
}
bool is_intel(const CpuPolicy& policy) { return is_named(in<0>(policy), "GenuineIntel"); }

void limit_last_leaves(CpuPolicy& policy, const CpuPolicy& most) {
    constexpr std::uint32_t last_without_amd = 0x8000'0008;
    auto& last = in<first_extended>(policy).eax;
    last = first_extended | std::min(last & 0xffff, in<first_extended>(most).eax & 0xffff);
    if (!is_amd(policy)) last = std::min(last, last_without_amd);
    in<0>(policy).eax = std::min(in<0>(policy).eax, in<0>(most).eax);
    in<7, 0>(policy).eax = std::min(in<7, 0>(policy).eax, in<7, 0>(most).eax);
}

// Leaves that a policy ends before are empty.
void clear_beyond_last(CpuPolicy& policy) {
    const std::uint32_t basic = in<0>(policy).eax, extended = in<first_extended>(policy).eax;
    const std::uint32_t feature_leaves = basic < 7 ? 0 : in<7, 0>(policy).eax + 1;
    for (std::size_t index = 0; index < kept.size(); ++index) {
        const LeafNumber number = kept[index];
        const bool there = number.leaf >= first_extended ? number.leaf <= extended : number.leaf <= basic;
        if (!there || (number.leaf == 7 && number.subleaf >= feature_leaves)) policy.leaves[index] = {};
    }
}

void limit_features(CpuPolicy& policy, const CpuPolicy& most) {
    FeatureSet set = features_of(policy);
    const FeatureSet had = features_of(most);
    for (std::size_t index = 0; index < set.size(); ++index) set[index] &= had[index];
    if (in<0>(policy).eax < last_basic) remove(set, XEN_X86_FEATURE_XSAVE);
    for (const FeatureNeed& need : feature_needs)
        if (!has(set, need.needs)) remove(set, need.feature);
    set_features(policy, set);
}

// Family, model and brand are tools' to choose; of leaf 1, the size of a cache line is the machine's.
void limit_identity(CpuPolicy& policy, const CpuPolicy& most) {
    constexpr std::uint32_t signature = 0x0fff0fff, line_size = 0x0000ff00, chosen = 0x00ff00ff;
    // APM 3 E.4.2: AMD says these features of 1.edx again.
    constexpr std::uint32_t said_twice = 0x0183f3ff;
    auto& first = in<1>(policy);
    auto& extended = in<0x8000'0001>(policy);
    first.eax &= signature;
    first.ebx = (first.ebx & chosen) | (in<1>(most).ebx & line_size);
    extended.edx &= ~said_twice;
    if (is_amd(policy)) {
        in<first_extended>(policy).ebx = in<0>(policy).ebx;
        in<first_extended>(policy).ecx = in<0>(policy).ecx;
        in<first_extended>(policy).edx = in<0>(policy).edx;
        extended.eax = first.eax;
        extended.ebx &= 0xff00ffff;
        extended.edx |= first.edx & said_twice;
    } else if (is_intel(policy)) {
        in<first_extended>(policy) = {.eax = in<first_extended>(policy).eax};
        extended.eax = extended.ebx = 0;
    }
}

void limit_address_sizes(CpuPolicy& policy, const CpuPolicy& most) {
    constexpr std::uint32_t least_physical = 36, linear = 48, linear_without_long_mode = 32;
    constexpr std::uint32_t amd_core_counts = 0x0003f0ff;
    auto& sizes = in<0x8000'0008>(policy);
    const std::uint32_t most_physical = in<0x8000'0008>(most).eax & 0xff;
    const std::uint32_t physical = std::max(std::min(sizes.eax & 0xff, most_physical), least_physical);
    const bool long_mode = (in<0x8000'0001>(policy).edx & bit_of(XEN_X86_FEATURE_LM)) != 0;
    sizes.eax = physical | (long_mode ? linear : linear_without_long_mode) << 8;
    sizes.ecx = is_amd(policy) ? sizes.ecx & amd_core_counts : 0;
    sizes.edx = 0;
}

// SDM 2A, leaf 4: whole as far as there are caches. AMD tells them in extended leaves.
void limit_caches(CpuPolicy& policy) {
    bool more = !is_amd(policy);
    if (!more) in<2>(policy) = {};
    for (std::uint32_t subleaf = 0; subleaf < cache_subleaves; ++subleaf) {
        CpuidLeaf& cache = *find(policy, {4, subleaf});
        const std::uint32_t kind = cache.eax & 0x1f;
        more = more && kind >= 1 && kind <= 3;
        cache = more ? CpuidLeaf{cache.eax & 0xffffc3ff, cache.ebx, cache.ecx, cache.edx & 7} : CpuidLeaf{};
    }
    if (!is_intel(policy)) return;
    in<0x8000'0005>(policy) = {};
    in<0x8000'0006>(policy) = {.ecx = in<0x8000'0006>(policy).ecx};
}

// Words of leaves that hold no features, and are not told.
void clear_unknown(CpuPolicy& policy) {
    in<0x8000'0007>(policy) = {.edx = in<0x8000'0007>(policy).edx};
    in<0x8000'0021>(policy) = {.eax = in<0x8000'0021>(policy).eax, .ecx = in<0x8000'0021>(policy).ecx};
    in<0xd, 1>(policy) = {.eax = in<0xd, 1>(policy).eax};
    in<7, 2>(policy) = {.edx = in<7, 2>(policy).edx};
}

CpuPolicy read(ReadLeaf machine) {
    CpuPolicy policy;
    const std::uint32_t basic = machine(0, 0).eax, extended = machine(first_extended, 0).eax;
    for (std::size_t index = 0; index < kept.size(); ++index) {
        const auto [leaf, subleaf] = kept[index];
        if (leaf <= (leaf >= first_extended ? extended : basic))
            policy.leaves[index] = machine(leaf, subleaf == no_subleaf ? 0 : subleaf);
    }
    in<0>(policy).eax = std::min(basic, last_basic);
    in<7, 0>(policy).eax = std::min(in<7, 0>(policy).eax, feature_subleaves - 1);
    in<first_extended>(policy).eax = std::min(extended, last_extended);
    return policy;
}

}  // namespace

Offer offer_of(ReadLeaf machine, std::uint64_t state_bits, const OfferedFeatures& features) {
    constexpr std::uint32_t one_logical_processor = 1 << 16;
    Offer offer{.state_bits = state_bits};
    for (std::uint32_t component = 2; component < offer.states.size(); ++component)
        if ((state_bits >> component & 1) != 0) offer.states[component] = machine(0xd, component);

    CpuPolicy usual = read(machine);
    FeatureSet set = features_of(usual);
    FeatureSet may{}, always{};
    std::ranges::copy(features.where_there, may.begin());
    std::ranges::copy(features.always, always.begin());
    for (std::size_t index = 0; index < set.size(); ++index) set[index] = (set[index] & may[index]) | always[index];
    if (state_bits == 0) remove(set, XEN_X86_FEATURE_XSAVE);
    // These say how to read what is told about the topology, and are tools' to choose.
    FeatureSet topology = set;
    for (const unsigned feature : {XEN_X86_FEATURE_HTT, XEN_X86_FEATURE_X2APIC, XEN_X86_FEATURE_CMP_LEGACY})
        topology[feature / 32] |= bit_of(feature);
    in<1>(usual).ebx = (in<1>(usual).ebx & 0xff00) | one_logical_processor;
    CpuPolicy most = usual;
    set_features(most, topology);
    offer.most = limited(most, most);
    set_features(usual, set);
    offer.dom0 = limited(usual, offer.most);
    // The TSC of a domain that may move to another machine promises nothing.
    remove(set, XEN_X86_FEATURE_ITSC);
    set_features(usual, set);
    offer.usual = limited(usual, offer.most);
    return offer;
}

Result<> choose(CpuPolicy& wish, LeafNumber number, const CpuidLeaf& leaf) {
    const auto subleaves = [&]() -> std::uint32_t {
        switch (number.leaf) {
            case 4: return cache_subleaves;
            case 7: return feature_subleaves;
            case 0xb: return topology_subleaves;
            case 0xd: return state_subleaves;
            default: return 0;
        }
    }();
    const bool numbered = subleaves != 0 ? number.subleaf < subleaves : number.subleaf == no_subleaf;
    const bool xen = number.leaf == XEN_CPUID_FIRST_LEAF, second = number.leaf == XEN_CPUID_FIRST_LEAF + 0x100;
    const bool there =
        number.leaf <= last_basic || xen || second || (number.leaf >= first_extended && number.leaf <= last_extended);
    if (!numbered || !there) return refuse(Error::out_of_range);
    if (xen) wish.last_xen_leaf = static_cast<std::uint8_t>(leaf.eax);
    if (second) wish.last_second_leaf = static_cast<std::uint8_t>(leaf.eax);
    if (CpuidLeaf* const place = find(wish, number)) *place = leaf;
    return {};
}

std::optional<LeafNumber> beyond(const CpuPolicy& wish, const CpuPolicy& most) {
    if (in<0>(wish).eax > in<0>(most).eax) return LeafNumber{0};
    if (in<0>(wish).eax >= 7 && in<7, 0>(wish).eax > in<7, 0>(most).eax) return LeafNumber{7, 0};
    if (in<first_extended>(wish).eax > in<first_extended>(most).eax) return LeafNumber{first_extended};
    return std::nullopt;
}

CpuPolicy limited(CpuPolicy wish, const CpuPolicy& most) {
    limit_last_leaves(wish, most);
    clear_beyond_last(wish);
    limit_features(wish, most);
    limit_identity(wish, most);
    limit_address_sizes(wish, most);
    limit_caches(wish);
    clear_unknown(wish);
    clear_beyond_last(wish);
    return wish;
}

bool offers(const CpuPolicy& policy, unsigned feature) {
    const FeaturePlace& place = feature_places[feature / 32];
    return place.word != nullptr && (find(policy, place.number)->*place.word & bit_of(feature)) != 0;
}

std::uint64_t state_bits_of(const CpuPolicy& policy, const Offer& offer) {
    constexpr std::uint64_t x87_and_sse = 3, avx = 4, avx512 = 0xe0;
    const FeatureSet set = features_of(policy);
    if (!has(set, XEN_X86_FEATURE_XSAVE)) return 0;
    std::uint64_t bits = x87_and_sse;
    if (has(set, XEN_X86_FEATURE_AVX)) bits |= avx;
    if (has(set, XEN_X86_FEATURE_AVX512F)) bits |= avx512;
    return bits & offer.state_bits;
}

namespace {

// SDM 1 13.4: x87, SSE and the header.
constexpr std::uint32_t least_state_bytes = 512 + 64;

CpuidLeaf state_leaf(const CpuPolicy& policy, const Offer& offer, std::uint32_t subleaf) {
    const std::uint64_t bits = state_bits_of(policy, offer);
    if (bits == 0) return {};
    if (subleaf == 0)
        return {static_cast<std::uint32_t>(bits), 0, state_bytes(offer, bits), static_cast<std::uint32_t>(bits >> 32)};
    if (subleaf == 1) return in<0xd, 1>(policy);
    return subleaf < offer.states.size() && (bits >> subleaf & 1) != 0 ? offer.states[subleaf] : CpuidLeaf{};
}

}  // namespace

std::uint32_t state_bytes(const Offer& offer, std::uint64_t components) {
    std::uint32_t end = least_state_bytes;
    for (std::uint32_t component = 2; component < offer.states.size(); ++component)
        if ((components >> component & 1) != 0) end = std::max(end, offer.states[component].ebx + offer.states[component].eax);
    return end;
}

// SDM 1 13.4.3: one after the other, some of them aligned.
std::uint32_t packed_state_bytes(const Offer& offer, std::uint64_t components) {
    constexpr std::uint32_t is_aligned = 1 << 1;
    std::uint32_t end = least_state_bytes;
    for (std::uint32_t component = 2; component < offer.states.size(); ++component) {
        if ((components >> component & 1) == 0) continue;
        if ((offer.states[component].ecx & is_aligned) != 0) end = (end + 63) & ~std::uint32_t{63};
        end += offer.states[component].eax;
    }
    return end;
}

CpuidLeaf leaf_of(const CpuPolicy& policy, const Offer& offer, std::uint32_t leaf, std::uint32_t subleaf) {
    if (leaf == XEN_CPUID_FIRST_LEAF) return {.eax = policy.last_xen_leaf};
    if (leaf == XEN_CPUID_FIRST_LEAF + 0x100) return {.eax = policy.last_second_leaf};
    if (leaf == 0xd) return state_leaf(policy, offer, subleaf);
    const bool divided = leaf == 4 || leaf == 7;
    const CpuidLeaf* const found = find(policy, {leaf, divided ? subleaf : no_subleaf});
    return found != nullptr ? *found : CpuidLeaf{};
}

}  // namespace basalt::policy
