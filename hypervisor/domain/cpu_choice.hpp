// What tools have said about a domain's CPUs. guests/policy/cpu_policy.hpp says what the leaves mean, and which may be chosen.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "machine/instructions.hpp"

namespace basalt {

// The leaves of CPUID that are kept; all others follow from them, or are empty.
struct CpuPolicy {
    static constexpr std::size_t count = 23;
    std::array<CpuidLeaf, count> leaves{};
    std::uint8_t last_xen_leaf = 0;        // of 0x40000000; 0: as many as there are
    std::uint8_t last_second_leaf = 0;     // of 0x40000100: kept and told, no more
};

// The modes of CPUID leaf 0x40000003, which <xen/arch-x86/cpuid.h> 4.17 names in words only. 3 is gone.
enum class TscMode : std::uint32_t { as_fits_best, always_emulated, never_emulated };

struct CpuChoice {
    std::optional<CpuPolicy> policy;       // none: what the machine offers by default. Set before a vcpu has run
    std::atomic<TscMode> tsc_mode{TscMode::as_fits_best};     // changed while no vcpu runs
    std::atomic<std::uint32_t> tsc_incarnation{0};

    bool tsc_is_emulated() const { return tsc_mode.load(std::memory_order_relaxed) == TscMode::always_emulated; }
};

}  // namespace basalt
