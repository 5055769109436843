// Which CPUs are threads of one core, and cores of one chip: their APIC ids say so (SDM 3A 9.9; APM 3 appendix E, leaves
// 8000_0008 and 8000_001E).
#pragma once

#include <bit>
#include <cstdint>

#include "machine/instructions.hpp"

namespace basalt {

struct CpuPlace {
    std::uint32_t core = 0;      // within its chip
    std::uint32_t chip = 0;
    friend constexpr bool operator==(CpuPlace, CpuPlace) = default;
};

// The low bits of an APIC id that tell threads of a core apart, and threads of a chip.
struct ApicIdParts {
    unsigned thread_bits = 0;
    unsigned chip_bits = 0;

    constexpr CpuPlace place_of(std::uint32_t apic_id) const {
        const std::uint64_t id = apic_id;
        return {static_cast<std::uint32_t>((id & ((std::uint64_t{1} << chip_bits) - 1)) >> thread_bits),
                static_cast<std::uint32_t>(id >> chip_bits)};
    }
    friend constexpr bool operator==(ApicIdParts, ApicIdParts) = default;
};

constexpr unsigned bits_for(std::uint32_t count) { return count > 1 ? static_cast<unsigned>(std::bit_width(count - 1)) : 0; }

// Leaf 0BH: a level for threads, then one or more for what holds them; the last is the chip.
template <typename Read>
constexpr ApicIdParts parts_by_levels(Read cpuid) {
    constexpr unsigned threads = 1, most_levels = 8;
    ApicIdParts parts;
    for (unsigned level = 0; level < most_levels; ++level) {
        const CpuidLeaf leaf = cpuid(0xb, level);
        const unsigned kind = leaf.ecx >> 8 & 0xff;
        if (kind == 0) break;
        parts.chip_bits = leaf.eax & 31;
        if (kind == threads) parts.thread_bits = parts.chip_bits;
    }
    return parts;
}

// Before there were levels: how many numbers a chip has, and a core of it.
template <typename Read>
constexpr ApicIdParts parts_by_counts(Read cpuid, bool amd) {
    constexpr std::uint32_t several = 1 << 28, has_threads_leaf = 1 << 22;
    const CpuidLeaf basic = cpuid(1, 0);
    if ((basic.edx & several) == 0) return {};
    if (!amd) {
        const unsigned chip_bits = bits_for(basic.ebx >> 16 & 0xff);
        const unsigned core_bits = cpuid(0, 0).eax >= 4 ? bits_for((cpuid(4, 0).eax >> 26) + 1) : 0;
        return {.thread_bits = chip_bits > core_bits ? chip_bits - core_bits : 0, .chip_bits = chip_bits};
    }
    if (cpuid(0x80000000, 0).eax < 0x80000008) return {};
    const std::uint32_t counts = cpuid(0x80000008, 0).ecx;
    const unsigned size = counts >> 12 & 15;
    const bool told = (cpuid(0x80000001, 0).ecx & has_threads_leaf) != 0;
    return {.thread_bits = told ? bits_for((cpuid(0x8000001e, 0).ebx >> 8 & 0xff) + 1) : 0,
            .chip_bits = size != 0 ? size : bits_for((counts & 0xff) + 1)};
}

// Of the CPU whose leaves `cpuid(leaf, subleaf)` reads.
template <typename Read>
constexpr ApicIdParts apic_id_parts(Read cpuid, bool amd) {
    if (cpuid(0, 0).eax >= 0xb) {
        const ApicIdParts parts = parts_by_levels(cpuid);
        if (parts.chip_bits != 0) return parts;
    }
    return parts_by_counts(cpuid, amd);
}

}  // namespace basalt
