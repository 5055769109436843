// What a CPU tells of the translations in it: when it forgot all of guests', and by whose tables it can have learnt any since.
#pragma once

#include <atomic>

#include "core/number.hpp"
#include "translations/flush_time.hpp"
#include "translations/tables_of.hpp"

namespace basalt {

struct CpuTranslations {
    // Whatever it knows of guests it has learnt after the clock showed this.
    std::atomic<FlushTime> flushed_at{0};
    // And by these tables.
    std::atomic<TablesOf> walks{};
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

// The same, where the root is another's, or Basalt's own. What it walked before counts until the root is loaded, what it walks
// then from before that: loading a root waits until what was stored before is seen (SDM 3A 8.3, serializing instructions).
template <typename Load>
void walk_tables_of(TablesOf whose, Load load) {
    auto& walks = translations_here().walks;
    walks.store(TablesOf::either(), std::memory_order_relaxed);
    forget_by_loading(load);
    walks.store(whose, std::memory_order_release);
}

}  // namespace basalt
