#include "machine/flush.hpp"

#include "core/lock.hpp"
#include "machine/cpu.hpp"
#include "machine/features.hpp"
#include "machine/instructions.hpp"
#include "machine/kick.hpp"
#include "machine/page_tables.hpp"

namespace basalt {
namespace {

enum Wanted : std::uint32_t { guests = 1, globals = 2 };

// The frames of Basalt's own mappings are global: only CR4.PGE, taken away and given back, makes them go.
void flush_all_here() {
    this_cpu().nested_stale = true;
    const auto now = this_cpu().cr4;
    write_cr4(now & ~cr4::global_pages);
    write_cr4(now);
}

void ask(CpuId cpu, Wanted what) {
    cpu_of(cpu).flush_wanted.fetch_or(what);
    send_ipi(cpu, vector::flush);
}

void load_root(Mfn root) {
    Cpu& cpu = this_cpu();
    cpu.root = physical_of(root);
    cpu.nested_stale = true;
    write_cr3(physical_of(root));
}

}  // namespace

CpuTranslations& translations_here() { return this_cpu().translations; }
CpuTranslations& translations_of(CpuId cpu) { return cpu_of(cpu).translations; }

void switch_root(Mfn root) {
    forget_by_loading([=] { load_root(root); });
}

void enter_root(Mfn root, TablesOf whose) {
    walk_tables_of(whose, [=] { load_root(root); });
}

void leave_roots() {
    walk_tables_of({}, [] { load_root(boot_root()); });
}

void flush_here() {
    flush_by([] {
        this_cpu().nested_stale = true;
        write_cr3(this_cpu().root);
    });
}

void flush_page_here(std::uint64_t address) { invalidate_page(address); }

void flush_page_on(CpuMask cpus, std::uint64_t address) {
    const auto here = this_cpu().id;
    if (cpus.has(here)) flush_page_here(address);
    const auto others = cpus.without(here);
    if (!others.empty()) flush_cpus(others);
}

void flush_globals_here() { this_cpu().globals_flushed_at.store(flush_by(flush_all_here), std::memory_order_release); }

void flush_globals_everywhere() {
    const auto others = online_cpus().without(this_cpu().id);
    const auto asked = flush_time();
    others.for_each([](CpuId cpu) { ask(cpu, globals); });
    flush_globals_here();
    others.for_each([&](CpuId id) {
        while (cpu_of(id).globals_flushed_at.load() <= asked && cpu_of(id).online) while_waiting();
    });
}

void ask_to_flush(CpuId cpu) { ask(cpu, guests); }

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
