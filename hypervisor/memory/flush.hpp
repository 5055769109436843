// When did each CPU last forget its translations? A clock that ticks at each flush answers for all frames at
// once.
#pragma once

#include <cstdint>

namespace basalt {

// A reading of the flush clock. It wraps; an old reading that looks new only costs a flush.
struct FlushEpoch {
    std::uint32_t raw = 0;
    constexpr FlushEpoch() = default;
    constexpr explicit FlushEpoch(std::uint32_t value) : raw(value) {}
    constexpr bool older_than(FlushEpoch other) const {
        return static_cast<std::int32_t>(raw - other.raw) < 0;
    }
    friend constexpr bool operator==(FlushEpoch, FlushEpoch) = default;
};

// Seams. A CPU is behind an epoch when it has not flushed everything (global translations and
// paging-structure caches too) since the clock showed that epoch. The clock is read after the entry is gone
// and before the use is dropped.
FlushEpoch flush_epoch_now();
void end_flush_epoch();    // CPUs that flush from now on have forgotten all that was dropped before
void flush_cpus_behind(FlushEpoch epoch);    // returns when no CPU is behind; called with no lock held

}    // namespace basalt
