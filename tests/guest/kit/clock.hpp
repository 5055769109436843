// The hypervisor's clock as a guest reads it: a line through the time-stamp counter, rewritten under a version.
#pragma once

#include "memory.hpp"

#include <atomic>
#include <cstdint>

namespace kit {

// Nanoseconds since the hypervisor started.
inline std::uint64_t now() {
    const volatile auto& time = vcpu_info().time;
    for (;;) {
        const std::uint32_t version = time.version;
        std::atomic_thread_fence(std::memory_order::acquire);
        std::uint64_t ticks = __builtin_ia32_rdtsc() - time.tsc_timestamp;
        const int shift = time.tsc_shift;
        ticks = shift < 0 ? ticks >> -shift : ticks << shift;
        const auto elapsed = static_cast<unsigned __int128>(ticks) * time.tsc_to_system_mul >> 32;
        const std::uint64_t result = time.system_time + static_cast<std::uint64_t>(elapsed);
        std::atomic_thread_fence(std::memory_order::acquire);
        if (!(version & 1) && time.version == version) return result;
    }
}

}
