// When did each CPU last forget its translations? A clock that ticks at each flush answers for all frames at
// once.
#pragma once

#include <cstdint>

namespace basalt {

// Of the flush clock: 64 bits never wrap.
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

// Seams. A CPU is behind a time when it has not flushed everything (global translations and paging-structure caches too)
// since the clock showed it. The clock is read after the entry is gone and before the use is dropped.
FlushTime flush_time();
void advance_flush_time();                   // CPUs that flush from now on have forgotten all that was dropped before
void flush_cpus_behind(FlushTime time);      // returns when no CPU is behind; called with no lock held

}    // namespace basalt
