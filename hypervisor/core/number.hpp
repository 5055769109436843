// Numbers with a kind: a machine frame, a port and a CPU never mix, and convert to nothing silently.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace basalt {

template <typename Kind, typename Word = std::uint64_t>
struct Number {
    using Raw = Word;
    Word raw = 0;

    constexpr Number() = default;
    constexpr explicit Number(Word word) : raw(word) {}
    friend constexpr auto operator<=>(Number, Number) = default;
    friend constexpr Number operator+(Number number, Word step) { return Number(static_cast<Word>(number.raw + step)); }
    friend constexpr Word operator-(Number end, Number begin) { return static_cast<Word>(end.raw - begin.raw); }
    constexpr Number& operator++() {
        ++raw;
        return *this;
    }
};

using Mfn = Number<struct MachineFrame>;   // a 4 KiB frame of the machine
using Pfn = Number<struct PseudoFrame>;    // a frame as a PV guest counts them: an index of its p2m
using Port = Number<struct EventPort, std::uint32_t>;
using GrantRef = Number<struct GrantReference, std::uint32_t>;
using Pirq = Number<struct PhysicalIrq, std::uint32_t>;
using Virq = Number<struct VirtualIrq, std::uint32_t>;
using DomainId = Number<struct DomainNumber, std::uint16_t>;
using VcpuId = Number<struct VcpuNumber, std::uint32_t>;
using NodeId = Number<struct MemoryNode, std::uint32_t>;     // memory, and the CPUs near it
using CpuId = Number<struct CpuNumber, std::uint32_t>;

inline constexpr std::size_t page_shift = 12;
inline constexpr std::size_t page_size = std::size_t{1} << page_shift;

inline constexpr std::uint64_t physical_of(Mfn mfn) { return mfn.raw << page_shift; }
inline constexpr Mfn mfn_of(std::uint64_t physical) { return Mfn(physical >> page_shift); }

inline constexpr Mfn no_mfn{~std::uint64_t{0}};

// Of a page table: 4 is a root, the entries of level 1 map 4 KiB.
using PageLevel = Number<struct PageTableLevel, unsigned>;
inline constexpr PageLevel root_level{4}, leaf_level{1};
constexpr PageLevel below(PageLevel level) { return PageLevel(level.raw - 1); }

// Bounds that size tables. All are ABI-visible through max_vcpus and physinfo.
inline constexpr std::size_t most_cpus = 64;
inline constexpr std::size_t most_vcpus = 64;
inline constexpr std::size_t most_nodes = 64;

}  // namespace basalt
