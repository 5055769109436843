// What tools may make of the CPU that a machine offers: less of it, and nothing that does not fit together.
#include "abi/cpuid.hpp"
#include "guests/policy/cpu_policy.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "guests/policy/feature_needs.hpp"

namespace basalt::policy {
namespace {

constexpr std::uint32_t all = ~std::uint32_t{0};
constexpr std::uint64_t x87_to_avx512 = 0xe7;

bool shows_amd = true;

// A machine with every feature there is.
CpuidLeaf everything(std::uint32_t leaf, std::uint32_t subleaf) {
    const bool named = leaf == 0 || leaf == first_extended;
    if (named && shows_amd) return {leaf == 0 ? 0x20 : 0x8000'0040, 0x68747541, 0x444d4163, 0x69746e65};
    if (named) return leaf == 0 ? CpuidLeaf{0x20, 0x756e6547, 0x6c65746e, 0x49656e69} : CpuidLeaf{0x8000'0040, 0, 0, 0};
    if (leaf == 4) return {subleaf < 3 ? (all & ~0x1fu) | 1 : 0, subleaf, subleaf, subleaf};
    if (leaf == 7) return {subleaf == 0 ? 9 : all, all, all, all};
    if (leaf == 0xd && subleaf >= 2) return {subleaf * 0x100, subleaf * 0x1000, subleaf == 5 ? 2u : 0u, 0};
    if (leaf == 0x8000'0008) return {0x3034, all, all, all};
    return {all, all, all, all};
}

Offer full_offer(bool amd = true, const OfferedFeatures& features = pv_features) {
    shows_amd = amd;
    return offer_of(everything, x87_to_avx512, features);
}

CpuPolicy with(CpuPolicy policy, LeafNumber number, CpuidLeaf leaf) {
    EXPECT_TRUE(choose(policy, number, leaf));
    return policy;
}

auto features(const CpuPolicy& policy, const Offer& offer) {
    return feature_set([&](std::uint32_t leaf, std::uint32_t subleaf) { return leaf_of(policy, offer, leaf, subleaf); });
}
bool has(const CpuPolicy& policy, const Offer& offer, unsigned feature) {
    return (features(policy, offer)[feature / 32] >> feature % 32 & 1) != 0;
}

std::vector<LeafNumber> numbers_of(const CpuPolicy& policy, const Offer& offer) {
    std::vector<LeafNumber> numbers;
    const auto leaf = [&](std::uint32_t number, std::uint32_t subleaf) { return leaf_of(policy, offer, number, subleaf); };
    EXPECT_TRUE(for_each_leaf(leaf, [&](LeafNumber number, const CpuidLeaf&) -> Result<> {
        numbers.push_back(number);
        return {};
    }));
    return numbers;
}

TEST(cpu_policy, what_is_offered_can_be_chosen_and_stays_as_it_is) {
    for (const bool amd : {true, false}) {
        const Offer offer = full_offer(amd);
        for (const CpuPolicy& policy : {offer.most, offer.usual, offer.dom0}) {
            const CpuPolicy again = limited(policy, offer.most);
            EXPECT_EQ(0, std::memcmp(&again.leaves, &policy.leaves, sizeof(policy.leaves)));
            EXPECT_FALSE(beyond(policy, offer.most));
        }
    }
}

TEST(cpu_policy, nothing_of_ring_0_is_offered) {
    const Offer offer = full_offer();
    for (const unsigned feature : {XEN_X86_FEATURE_VMX, XEN_X86_FEATURE_SVM, XEN_X86_FEATURE_SMEP, XEN_X86_FEATURE_SMAP,
                                   XEN_X86_FEATURE_PGE, XEN_X86_FEATURE_PSE, XEN_X86_FEATURE_MONITOR, XEN_X86_FEATURE_OSXSAVE})
        EXPECT_FALSE(has(offer.most, offer, feature)) << feature;
    EXPECT_TRUE(has(offer.most, offer, XEN_X86_FEATURE_HYPERVISOR));
    EXPECT_TRUE(has(offer.dom0, offer, XEN_X86_FEATURE_ITSC));
    EXPECT_FALSE(has(offer.usual, offer, XEN_X86_FEATURE_ITSC));
}

TEST(cpu_policy, a_machine_of_its_own_has_ring_0_but_nothing_that_no_switch_carries) {
    const Offer offer = full_offer(true, hvm_features);
    for (const unsigned feature :
         {XEN_X86_FEATURE_SMEP, XEN_X86_FEATURE_SMAP, XEN_X86_FEATURE_UMIP, XEN_X86_FEATURE_PGE, XEN_X86_FEATURE_PSE,
          XEN_X86_FEATURE_MTRR, XEN_X86_FEATURE_X2APIC, XEN_X86_FEATURE_HYPERVISOR})
        for (const CpuPolicy& policy : {offer.most, offer.usual}) EXPECT_TRUE(offers(policy, feature)) << feature;
    for (const unsigned feature : {XEN_X86_FEATURE_VMX, XEN_X86_FEATURE_SVM, XEN_X86_FEATURE_MONITOR, XEN_X86_FEATURE_OSXSAVE,
                                   XEN_X86_FEATURE_PKU, XEN_X86_FEATURE_PCID, XEN_X86_FEATURE_INVPCID, XEN_X86_FEATURE_XSAVES,
                                   XEN_X86_FEATURE_DBEXT, XEN_X86_FEATURE_IBRS, XEN_X86_FEATURE_CET_SS})
        EXPECT_FALSE(offers(offer.most, feature)) << feature;
    EXPECT_EQ(state_bits_of(offer.most, offer), x87_to_avx512);
}

// Its local APIC is Basalt's, whatever the machine has.
TEST(cpu_policy, x2apic_needs_no_machine) {
    const Offer offer = offer_of([](std::uint32_t, std::uint32_t) { return CpuidLeaf{}; }, 0, hvm_features);
    EXPECT_FALSE(offers(offer.usual, XEN_X86_FEATURE_XSAVE));
    const Offer without = offer_of(
        [](std::uint32_t leaf, std::uint32_t subleaf) {
            CpuidLeaf found = everything(leaf, subleaf);
            if (leaf == 1) found.ecx = found.edx = 0;
            return found;
        },
        0, hvm_features);
    EXPECT_TRUE(offers(without.usual, XEN_X86_FEATURE_X2APIC));
    EXPECT_FALSE(offers(without.usual, XEN_X86_FEATURE_SSE));
}

TEST(cpu_policy, a_wish_adds_nothing) {
    const Offer offer = full_offer();
    std::mt19937 generator(1);
    const auto random = [&] { return static_cast<std::uint32_t>(generator()); };
    const auto most = features(offer.most, offer);
    for (int round = 0; round < 2000; ++round) {
        CpuPolicy wish;
        for (auto& leaf : wish.leaves) leaf = {random(), random(), random(), random()};
        if (round % 2 == 0) wish = with(wish, {0}, leaf_of(offer.most, offer, 0, 0));
        wish = limited(wish, offer.most);
        const auto got = features(wish, offer);
        for (std::size_t word = 0; word < got.size(); ++word) EXPECT_EQ(got[word] & ~most[word], 0u) << word;
        EXPECT_FALSE(beyond(wish, offer.most));
        EXPECT_EQ(state_bits_of(wish, offer) & ~x87_to_avx512, 0u);
        for (const FeatureNeed& need : feature_needs)
            if (!has(wish, offer, need.needs)) EXPECT_FALSE(has(wish, offer, need.feature)) << need.feature;
        const auto leaf = [&](std::uint32_t number, std::uint32_t sub) { return leaf_of(wish, offer, number, sub); };
        EXPECT_LE(numbers_of(wish, offer).size(), most_leaves);
        EXPECT_LE(leaf(0x8000'0008, 0).eax & 0xff, 0x34u);
    }
}

TEST(cpu_policy, features_take_those_along_that_need_them) {
    const Offer offer = full_offer();
    auto leaf = leaf_of(offer.most, offer, 1, 0);
    leaf.ecx &= ~(1u << XEN_X86_FEATURE_AVX % 32);
    const CpuPolicy without_avx = limited(with(offer.most, {1}, leaf), offer.most);
    for (const unsigned feature : {XEN_X86_FEATURE_AVX, XEN_X86_FEATURE_AVX2, XEN_X86_FEATURE_FMA, XEN_X86_FEATURE_AVX512F,
                                   XEN_X86_FEATURE_AVX512BW, XEN_X86_FEATURE_AVX512_VBMI})
        EXPECT_FALSE(has(without_avx, offer, feature)) << feature;
    EXPECT_TRUE(has(without_avx, offer, XEN_X86_FEATURE_XSAVE));
    EXPECT_EQ(state_bits_of(without_avx, offer), 3u);
    EXPECT_EQ(leaf_of(without_avx, offer, 0xd, 0).ecx, 576u);
    EXPECT_EQ(leaf_of(without_avx, offer, 0xd, 2).eax, 0u);
}

TEST(cpu_policy, ends_where_tools_say_but_not_later) {
    const Offer offer = full_offer();
    auto leaf = leaf_of(offer.most, offer, 0, 0);
    leaf.eax = 4;
    const CpuPolicy early = limited(with(offer.most, {0}, leaf), offer.most);
    EXPECT_EQ(leaf_of(early, offer, 7, 0).ebx, 0u);
    EXPECT_EQ(leaf_of(early, offer, 0xd, 0).eax, 0u);
    EXPECT_FALSE(has(early, offer, XEN_X86_FEATURE_XSAVE));

    leaf.eax = last_basic + 1;
    EXPECT_EQ(beyond(with(offer.most, {0}, leaf), offer.most), LeafNumber{0});
    EXPECT_EQ(beyond(with(offer.most, {7, 0}, {.eax = 3}), offer.most), (LeafNumber{7, 0}));
    EXPECT_EQ(beyond(with(offer.most, {first_extended}, {.eax = 0x8000'0022}), offer.most), LeafNumber{first_extended});
}

TEST(cpu_policy, knows_which_leaves_there_are) {
    CpuPolicy policy;
    for (const LeafNumber number : {LeafNumber{0xe},
                                    {1, 0},
                                    {4},
                                    {4, 6},
                                    {7},
                                    {7, 3},
                                    {0xb, 2},
                                    {0xd, 63},
                                    {0x4000'0001},
                                    {0x4000'0000, 0},
                                    {0x8000'0022},
                                    {0x7fff'ffff}})
        EXPECT_EQ(choose(policy, number, {}), refuse(Error::out_of_range)) << number.leaf << " " << number.subleaf;
    for (const LeafNumber number : {LeafNumber{3}, {6}, {0xb, 1}, {0xd, 62}, {0x8000'001e}, {0x4000'0100}})
        EXPECT_TRUE(choose(policy, number, {all, all, all, all}));
    EXPECT_EQ(policy.leaves[0].eax, 0u);
    EXPECT_EQ(policy.last_second_leaf, 0xff);
}

TEST(cpu_policy, leaves_are_told_in_order_and_once) {
    const Offer offer = full_offer();
    const auto numbers = numbers_of(offer.most, offer);
    const auto less = [](LeafNumber one, LeafNumber other) {
        return one.leaf != other.leaf ? one.leaf < other.leaf : one.subleaf < other.subleaf;
    };
    EXPECT_TRUE(std::ranges::is_sorted(numbers, less));
    EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end());
    EXPECT_NE(std::ranges::find(numbers, LeafNumber{0xd, 7}), numbers.end());
    EXPECT_EQ(std::ranges::find(numbers, LeafNumber{0xd, 8}), numbers.end());
    // What is told can be chosen again, and makes the same policy.
    CpuPolicy copy;
    for (const LeafNumber number : numbers)
        EXPECT_TRUE(choose(copy, number, leaf_of(offer.most, offer, number.leaf, number.subleaf)));
    copy = limited(copy, offer.most);
    EXPECT_EQ(0, std::memcmp(&copy.leaves, &offer.most.leaves, sizeof(copy.leaves)));
}

TEST(cpu_policy, intel_tells_caches_in_leaf_4_and_amd_does_not) {
    const Offer amd = full_offer(true), intel = full_offer(false);
    EXPECT_EQ(leaf_of(amd.most, amd, 4, 0).eax, 0u);
    EXPECT_EQ(leaf_of(intel.most, intel, 4, 2).ebx, 2u);
    EXPECT_EQ(leaf_of(intel.most, intel, 4, 3).eax, 0u);
    EXPECT_EQ(leaf_of(intel.most, intel, 0x8000'0005, 0).eax, 0u);
    EXPECT_EQ(leaf_of(intel.most, intel, first_extended, 0).eax, 0x8000'0008);
    EXPECT_EQ(leaf_of(amd.most, amd, first_extended, 0).eax, last_extended);
}

TEST(cpu_policy, the_area_of_xsave_follows_the_components) {
    const Offer offer = full_offer();
    EXPECT_EQ(state_bytes(offer, 3), 576u);
    EXPECT_EQ(state_bytes(offer, 7), 0x2000u + 0x200);
    EXPECT_EQ(state_bytes(offer, 0xe7), 0x7000u + 0x700);
    EXPECT_EQ(packed_state_bytes(offer, 7), 576u + 0x200);
    EXPECT_EQ(packed_state_bytes(offer, 0x27), ((576u + 0x200 + 63) & ~63u) + 0x500);
}

}  // namespace
}  // namespace basalt::policy
