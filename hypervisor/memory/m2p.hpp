// The machine-to-pseudo-physical table, which guests read and only Basalt writes. It has no pages where there
// is no RAM.
#pragma once

#include "memory/frame.hpp"

namespace basalt {

inline constexpr std::uint64_t m2p_invalid = ~std::uint64_t{0};

inline void set_m2p(Mfn mfn, std::uint64_t pfn) {
    if (memory_views.m2p != nullptr && is_ram(mfn)) memory_views.m2p[mfn.raw].store(pfn, std::memory_order_relaxed);
}
inline std::uint64_t m2p_of(Mfn mfn) {
    return memory_views.m2p != nullptr && is_ram(mfn) ? memory_views.m2p[mfn.raw].load(std::memory_order_relaxed) : m2p_invalid;
}

}    // namespace basalt
