// A set of CPUs.
#pragma once

#include <bit>
#include <cstdint>

#include "core/number.hpp"

namespace basalt {

struct CpuMask {
    std::uint64_t bits = 0;

    static constexpr CpuMask of(CpuId cpu) { return {std::uint64_t{1} << cpu.raw}; }
    constexpr bool has(CpuId cpu) const { return (bits >> cpu.raw & 1) != 0; }
    constexpr bool empty() const { return bits == 0; }
    constexpr CpuMask with(CpuId cpu) const { return {bits | of(cpu).bits}; }
    constexpr CpuMask without(CpuId cpu) const { return without(of(cpu)); }
    constexpr CpuMask without(CpuMask others) const { return {bits & ~others.bits}; }
    friend constexpr CpuMask operator&(CpuMask one, CpuMask other) { return {one.bits & other.bits}; }
    friend constexpr CpuMask operator|(CpuMask one, CpuMask other) { return {one.bits | other.bits}; }
    friend constexpr bool operator==(CpuMask, CpuMask) = default;

    template <typename Action>
    constexpr void for_each(Action&& action) const {
        for (auto rest = bits; rest != 0; rest &= rest - 1) action(CpuId(static_cast<std::uint32_t>(std::countr_zero(rest))));
    }
};

static_assert(most_cpus <= 64);

}  // namespace basalt
