// What a CPU tells of the translations in it: when it forgot all of guests', and whether it can have learnt any since.
#pragma once

#include <atomic>

#include "core/number.hpp"
#include "translations/flush_time.hpp"

namespace basalt {

struct CpuTranslations {
    // Whatever it knows of guests it has learnt after the clock showed this.
    std::atomic<FlushTime> flushed_at{0};
    // Off while it has Basalt's own root, in which there is nothing of guests.
    std::atomic<bool> walks_tables{false};
};

// Seams: the machine's CPUs, or a test's.
CpuTranslations& translations_here();
CpuTranslations& translations_of(CpuId cpu);

// This CPU forgets, for somebody who waits for it. The time of that.
template <typename Forget>
FlushTime flush_by(Forget forget) {
    const FlushTime now = flush_clock.fetch_add(1) + 1;
    forget();
    translations_here().flushed_at.store(now, std::memory_order_release);
    return now;
}

// This CPU loads a root, and so forgets. That is no tick: it counts for what was dropped before somebody made one.
template <typename Load>
void forget_by_loading(Load load) {
    const FlushTime now = flush_time();
    load();
    translations_here().flushed_at.store(now, std::memory_order_release);
}

// The same, where the CPU comes from Basalt's own root or returns to it. The name stands for longer than what it names:
// loading a root waits until what was stored before is seen (SDM 3A 8.3, serializing instructions).
template <typename Load>
void enter_tables(Load load) {
    translations_here().walks_tables.store(true, std::memory_order_relaxed);
    forget_by_loading(load);
}
template <typename Load>
void leave_tables(Load load) {
    forget_by_loading(load);
    translations_here().walks_tables.store(false, std::memory_order_release);
}

}  // namespace basalt
