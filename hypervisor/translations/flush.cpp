#include "translations/flush.hpp"

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "translations/cpu_translations.hpp"

namespace basalt {
namespace {

// We have changed the tables before we look: either we see that a CPU walks a guest's, or it sees the change.
CpuMask that_walk_tables(CpuMask cpus) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    CpuMask found;
    cpus.for_each([&](CpuId id) {
        if (translations_of(id).walks_tables.load(std::memory_order_acquire)) found = found.with(id);
    });
    return found;
}

}  // namespace

void flush_cpus(CpuMask cpus) {
    const CpuId here = current_cpu();
    const CpuMask others = that_walk_tables(cpus & online_cpus()).without(here);
    const FlushTime asked = flush_time();
    others.for_each(ask_to_flush);
    if (cpus.has(here)) flush_here();
    others.for_each([&](CpuId id) {
        while (translations_of(id).flushed_at.load() <= asked && online_cpus().has(id)) while_waiting();
    });
}

void flush_cpus_behind(FlushTime time) {
    CpuMask behind;
    online_cpus().for_each([&](CpuId id) {
        if (translations_of(id).flushed_at.load() <= time) behind = behind.with(id);
    });
    flush_cpus(behind);
}

}  // namespace basalt
