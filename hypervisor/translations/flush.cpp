#include "translations/flush.hpp"

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "translations/cpu_translations.hpp"

namespace basalt {
namespace {

template <typename Condition>
CpuMask those(CpuMask among, Condition condition) {
    CpuMask found;
    among.for_each([&](CpuId id) {
        if (condition(translations_of(id))) found = found.with(id);
    });
    return found;
}

}  // namespace

// The tables were changed before we look: either we see that a CPU walks them, or it sees the change.
CpuMask cpus_that_know(Knowers knowers, CpuMask among) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return those(among & online_cpus(),
                 [=](const CpuTranslations& cpu) { return knowers.include(cpu.walks.load(std::memory_order_acquire)); });
}

CpuMask cpus_behind(FlushTime time, Knowers knowers, CpuMask among) {
    return those(cpus_that_know(knowers, among),
                 [=](const CpuTranslations& cpu) { return cpu.flushed_at.load(std::memory_order_acquire) <= time; });
}

void flush_cpus(CpuMask cpus) {
    const CpuId here = current_cpu();
    const CpuMask others = (cpus & online_cpus()).without(here);
    const FlushTime asked = flush_time();
    others.for_each(ask_to_flush);
    if (cpus.has(here)) flush_here();
    others.for_each([&](CpuId id) {
        while (translations_of(id).flushed_at.load() <= asked && online_cpus().has(id)) while_waiting();
    });
}

}  // namespace basalt
