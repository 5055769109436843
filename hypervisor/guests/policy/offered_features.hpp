// Which features of a CPU each kind of guest may use. PV: those that <xen/arch-x86/cpufeatureset.h> marks for all guests, since
// the rest belong to ring 0. Words are numbered as there.
#pragma once

#include <array>
#include <cstdint>

#include "abi/cpuid.hpp"

namespace basalt::policy {

inline constexpr std::size_t feature_words = 12;

template <typename... Features>
consteval std::array<std::uint32_t, feature_words> words_of(Features... features) {
    std::array<std::uint32_t, feature_words> words{};
    ((words[static_cast<unsigned>(features) / 32] |= std::uint32_t{1} << static_cast<unsigned>(features) % 32), ...);
    return words;
}

using FeatureWords = std::array<std::uint32_t, feature_words>;
constexpr FeatureWords both(FeatureWords one, const FeatureWords& other) {
    for (std::size_t index = 0; index < one.size(); ++index) one[index] |= other[index];
    return one;
}

struct OfferedFeatures {
    FeatureWords where_there{};
    FeatureWords always{};   // without the machine's help
};

inline constexpr auto of_all_guests = words_of(
    // 1.edx
    XEN_X86_FEATURE_FPU, XEN_X86_FEATURE_DE, XEN_X86_FEATURE_TSC, XEN_X86_FEATURE_MSR, XEN_X86_FEATURE_PAE, XEN_X86_FEATURE_MCE,
    XEN_X86_FEATURE_CX8, XEN_X86_FEATURE_APIC, XEN_X86_FEATURE_MCA, XEN_X86_FEATURE_CMOV, XEN_X86_FEATURE_PAT,
    XEN_X86_FEATURE_CLFLUSH, XEN_X86_FEATURE_ACPI, XEN_X86_FEATURE_MMX, XEN_X86_FEATURE_FXSR, XEN_X86_FEATURE_SSE,
    XEN_X86_FEATURE_SSE2, XEN_X86_FEATURE_SS, XEN_X86_FEATURE_HTT,
    // 1.ecx
    XEN_X86_FEATURE_SSE3, XEN_X86_FEATURE_PCLMULQDQ, XEN_X86_FEATURE_SSSE3, XEN_X86_FEATURE_FMA, XEN_X86_FEATURE_CX16,
    XEN_X86_FEATURE_SSE4_1, XEN_X86_FEATURE_SSE4_2, XEN_X86_FEATURE_MOVBE, XEN_X86_FEATURE_POPCNT, XEN_X86_FEATURE_AESNI,
    XEN_X86_FEATURE_XSAVE, XEN_X86_FEATURE_AVX, XEN_X86_FEATURE_F16C, XEN_X86_FEATURE_RDRAND,
    // 80000001.edx
    XEN_X86_FEATURE_SYSCALL, XEN_X86_FEATURE_NX, XEN_X86_FEATURE_MMXEXT, XEN_X86_FEATURE_RDTSCP, XEN_X86_FEATURE_LM,
    XEN_X86_FEATURE_3DNOWEXT, XEN_X86_FEATURE_3DNOW,
    // 80000001.ecx
    XEN_X86_FEATURE_LAHF_LM, XEN_X86_FEATURE_CMP_LEGACY, XEN_X86_FEATURE_ABM, XEN_X86_FEATURE_SSE4A,
    XEN_X86_FEATURE_MISALIGNSSE, XEN_X86_FEATURE_3DNOWPREFETCH, XEN_X86_FEATURE_XOP, XEN_X86_FEATURE_FMA4, XEN_X86_FEATURE_TBM,
    // d:1.eax
    XEN_X86_FEATURE_XSAVEOPT, XEN_X86_FEATURE_XSAVEC, XEN_X86_FEATURE_XGETBV1,
    // 7:0.ebx
    XEN_X86_FEATURE_FSGSBASE, XEN_X86_FEATURE_BMI1, XEN_X86_FEATURE_AVX2, XEN_X86_FEATURE_BMI2, XEN_X86_FEATURE_ERMS,
    XEN_X86_FEATURE_AVX512F, XEN_X86_FEATURE_AVX512DQ, XEN_X86_FEATURE_RDSEED, XEN_X86_FEATURE_ADX, XEN_X86_FEATURE_AVX512_IFMA,
    XEN_X86_FEATURE_CLFLUSHOPT, XEN_X86_FEATURE_CLWB, XEN_X86_FEATURE_AVX512PF, XEN_X86_FEATURE_AVX512ER,
    XEN_X86_FEATURE_AVX512CD, XEN_X86_FEATURE_SHA, XEN_X86_FEATURE_AVX512BW, XEN_X86_FEATURE_AVX512VL,
    // 7:0.ecx
    XEN_X86_FEATURE_PREFETCHWT1, XEN_X86_FEATURE_AVX512_VBMI, XEN_X86_FEATURE_AVX512_VBMI2, XEN_X86_FEATURE_GFNI,
    XEN_X86_FEATURE_VAES, XEN_X86_FEATURE_VPCLMULQDQ, XEN_X86_FEATURE_AVX512_VNNI, XEN_X86_FEATURE_AVX512_BITALG,
    XEN_X86_FEATURE_AVX512_VPOPCNTDQ, XEN_X86_FEATURE_RDPID, XEN_X86_FEATURE_CLDEMOTE,
    // 80000007.edx; of the machine that a domain was made on, and only of that
    XEN_X86_FEATURE_ITSC,
    // 80000008.ebx
    XEN_X86_FEATURE_CLZERO, XEN_X86_FEATURE_RSTR_FP_ERR_PTRS,
    // 7:0.edx
    XEN_X86_FEATURE_AVX512_4VNNIW, XEN_X86_FEATURE_AVX512_4FMAPS, XEN_X86_FEATURE_FSRM, XEN_X86_FEATURE_SERIALIZE,
    // 7:1.eax
    XEN_X86_FEATURE_AVX_VNNI, XEN_X86_FEATURE_AVX512_BF16, XEN_X86_FEATURE_FZRM, XEN_X86_FEATURE_FSRS, XEN_X86_FEATURE_FSRCS,
    // 80000021.eax
    XEN_X86_FEATURE_LFENCE_DISPATCH, XEN_X86_FEATURE_NSCB);

inline constexpr OfferedFeatures pv_features{
    .where_there = both(of_all_guests, words_of(XEN_X86_FEATURE_FFXSR, XEN_X86_FEATURE_DBEXT)),
    .always = words_of(XEN_X86_FEATURE_HYPERVISOR),
};

inline constexpr auto of_ring_0 = words_of(
    // 1.edx
    XEN_X86_FEATURE_VME, XEN_X86_FEATURE_PSE, XEN_X86_FEATURE_SEP, XEN_X86_FEATURE_MTRR, XEN_X86_FEATURE_PGE,
    XEN_X86_FEATURE_PSE36,
    // 1.ecx
    XEN_X86_FEATURE_TSC_DEADLINE,
    // 80000001.edx and .ecx
    XEN_X86_FEATURE_PAGE1GB, XEN_X86_FEATURE_CR8_LEGACY,
    // 7:0.ebx and .ecx
    XEN_X86_FEATURE_SMEP, XEN_X86_FEATURE_SMAP, XEN_X86_FEATURE_UMIP);

// With a local APIC that Basalt makes. Left out is what no switch between guests carries: protection keys, XSAVES and its
// components, address masks of breakpoints, registers against speculation; tagged translations, for CR4.PCIDE is not possible,
// and FFXSR, for EFER has no such bit; and TSC_ADJUST, for the TSC is the machine's.
inline constexpr OfferedFeatures hvm_features{
    .where_there = both(of_all_guests, of_ring_0),
    .always = words_of(XEN_X86_FEATURE_HYPERVISOR, XEN_X86_FEATURE_APIC, XEN_X86_FEATURE_X2APIC),
};

}   // namespace basalt::policy
