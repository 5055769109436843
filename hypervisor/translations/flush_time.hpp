// The flush clock. It ticks at each flush, so that one clock answers for all frames at once: who has flushed since?
#pragma once

#include <atomic>
#include <cstdint>

namespace basalt {

// 64 bits never wrap.
using FlushTime = std::uint64_t;

// What a frame keeps of a reading, its low half. Frames are looked at after any time, so two of these alone say nothing:
// neither which is older, nor how old one is.
struct FlushEpoch {
    std::uint32_t raw = 0;
    constexpr FlushEpoch() = default;
    constexpr explicit FlushEpoch(FlushTime time) : raw(static_cast<std::uint32_t>(time)) {}

    // The latest time that it can be of, for whoever has read the clock (`now`) after it was taken. It was of that time, or
    // 2^32 ticks before, or twice that: who has flushed since the latest has flushed since any of them.
    constexpr FlushTime latest(FlushTime now) const {
        return now - static_cast<std::uint32_t>(static_cast<std::uint32_t>(now) - raw);
    }
    friend constexpr bool operator==(FlushEpoch, FlushEpoch) = default;
};

// Advanced by flushes that somebody asked for. The halves in frames' records wrap a little after each start, not for the
// first time after hours. Tests turn it.
inline constinit std::atomic<FlushTime> flush_clock{(FlushTime{1} << 32) - (1 << 12)};

// A frame is stamped with this after an entry that named it is gone, and before the entry's use of it is dropped.
inline FlushTime flush_time() { return flush_clock.load(); }

// CPUs that load a root from now on have forgotten all that was dropped before, and need not be asked: after a batch of
// drops.
inline void advance_flush_time() { flush_clock.fetch_add(1); }

}   // namespace basalt
