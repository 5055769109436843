#include "machine/flush.hpp"

#include <atomic>

#include "core/lock.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/kick.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

// Advanced by flushes that somebody asked for. A CPU that loads CR3 notes the time as it was before: its flush is then
// later than any stamp below that.
constinit std::atomic<FlushTime> clock{1};

enum Wanted : std::uint32_t { guests = 1, globals = 2 };

// The frames of Basalt's own mappings are global: only CR4.PGE, taken away and given back, makes them go.
void flush_all_here() {
    const auto now = this_cpu().cr4;
    write_cr4(now & ~cr4::global_pages);
    write_cr4(now);
}

void ask(CpuMask cpus, Wanted what) {
    cpus.for_each([&](CpuId id) {
        cpu_of(id).flush_wanted.fetch_or(what);
        send_ipi(id, vector::flush);
    });
}

// A CPU with the idle root knows nothing of guests. It names a guest's root before it loads it, and we have changed the
// tables before we look: either we see the root, or it sees the tables.
CpuMask without_idle(CpuMask cpus) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    auto left = cpus;
    cpus.for_each([&](CpuId id) {
        if (cpu_of(id).root.load(std::memory_order_relaxed) == physical_of(boot_root())) left = left.without(id);
    });
    return left;
}

}  // namespace

FlushTime flush_time() {
    return clock.load();
}

void advance_flush_time() {
    clock.fetch_add(1);
}

CpuMask not_flushed_since(CpuMask cpus, FlushTime stamp) {
    auto behind = cpus & online_cpus();
    behind.for_each([&](CpuId id) {
        if (cpu_of(id).flushed_at.load() > stamp) behind = behind.without(id);
    });
    return behind;
}

void switch_root(Mfn root) {
    auto& cpu = this_cpu();
    const auto now = clock.load();
    const auto wanted = physical_of(root);
    const bool to_idle = wanted == physical_of(boot_root());
    if (!to_idle) cpu.root.store(wanted, std::memory_order_relaxed);    // see without_idle(): a guest's root is named
    write_cr3(wanted);                                                  // for longer than it is loaded
    if (to_idle) cpu.root.store(wanted, std::memory_order_relaxed);
    cpu.flushed_at.store(now, std::memory_order_release);
}

void flush_here() {
    auto& cpu = this_cpu();
    const auto now = clock.fetch_add(1) + 1;
    write_cr3(cpu.root.load(std::memory_order_relaxed));
    cpu.flushed_at.store(now, std::memory_order_release);
}

void flush_page_here(std::uint64_t address) {
    invalidate_page(address);
}

void flush_globals_here() {
    auto& cpu = this_cpu();
    const auto now = clock.fetch_add(1) + 1;
    flush_all_here();
    cpu.flushed_at.store(now, std::memory_order_release);
    cpu.globals_flushed_at.store(now, std::memory_order_release);
}

void flush_globals_everywhere() {
    const auto others = online_cpus().without(this_cpu().id);
    const auto stamp = flush_time();
    ask(others, globals);
    flush_globals_here();
    others.for_each([&](CpuId id) {
        while (cpu_of(id).globals_flushed_at.load() <= stamp && cpu_of(id).online) while_waiting();
    });
}

void flush_cpus(CpuMask cpus) {
    const auto here = this_cpu().id;
    const auto others = without_idle(cpus & online_cpus()).without(here);
    const auto stamp = flush_time();
    ask(others, guests);
    if (cpus.has(here)) flush_here();
    others.for_each([&](CpuId id) {
        while (cpu_of(id).flushed_at.load() <= stamp && cpu_of(id).online) while_waiting();
    });
}

void flush_page_on(CpuMask cpus, std::uint64_t address) {
    const auto here = this_cpu().id;
    if (cpus.has(here)) flush_page_here(address);
    const auto others = cpus.without(here);
    if (!others.empty()) flush_cpus(others);
}

void answer_flush_requests() {
    auto& cpu = this_cpu();
    if (cpu.flush_wanted.load(std::memory_order_relaxed) == 0) return;
    const auto wanted = cpu.flush_wanted.exchange(0);
    if ((wanted & globals) != 0)
        flush_globals_here();
    else if (wanted != 0)
        flush_here();
}

}  // namespace basalt
