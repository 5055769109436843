#include "machine/smp.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "core/assert.hpp"
#include "core/lock.hpp"
#include "debug/log.hpp"
#include "machine/cpu.hpp"
#include "machine/cpu_pages.hpp"
#include "machine/descriptors.hpp"
#include "machine/entry.hpp"
#include "machine/features.hpp"
#include "machine/flush.hpp"
#include "machine/image.hpp"
#include "machine/instructions.hpp"
#include "machine/kick.hpp"
#include "machine/page_tables.hpp"

extern "C" const std::byte trampoline_start[], trampoline_parameters[], trampoline_end[];

namespace basalt {
namespace {

constinit std::atomic<bool> stopping{false};

// trampoline.S, from trampoline_parameters on.
struct [[gnu::packed]] Parameters {
    std::uint64_t root;
    std::uint64_t stack;
    std::uint64_t go_on;
    std::uint32_t far_offset;
    std::uint16_t far_selector, padding;
    std::uint64_t gdt[3];
    std::uint16_t gdt_limit;
    std::uint32_t gdt_base;
};

Mfn new_frame() { return *frame_for_tables(); }

void make_cpu(CpuId cpu, std::uint32_t apic_id) {
    map_block(cpu, [](unsigned) { return new_frame(); });
    begin(cpu, apic_id);
    const CpuPages pages{new_frame(), new_frame()};
    fill_tables(cpu, pages);
    map_entry_alias(cpu, pages);
}

// The first instructions of C++ on a CPU that has just started.
[[noreturn]] void arrive() {
    auto& cpu = this_cpu();
    cpu.root = physical_of(boot_root());
    switch_features_on();
    load_tables();
    flush_globals_here();
    come_online();
    cpu_started();
    enter_guests();
}

// The page that CPUs start in, mapped where it is for as long as they do. Real mode reaches only the first MiB.
class Trampoline {
public:
    explicit Trampoline(std::uint64_t page) : page_(page) {
        auto entry = entry_in(boot_root(), root_level, page_, rights::table, frame_for_tables);
        ASSERT(entry);
        **entry = PageEntry::of(mfn_of(page_), rights::execute & ~page_bit::global);
    }
    ~Trampoline() {
        *table_at(boot_root()) = PageEntry();
        flush_globals_everywhere();
    }
    Trampoline(const Trampoline&) = delete;
    Trampoline& operator=(const Trampoline&) = delete;

    void aim(CpuId cpu) const {
        auto* to = static_cast<std::byte*>(layout::direct(mfn_of(page_)));
        std::memcpy(to, trampoline_start, static_cast<std::size_t>(trampoline_end - trampoline_start));
        auto& parameters = *reinterpret_cast<Parameters*>(to + (trampoline_parameters - trampoline_start));
        parameters.root = physical_of(boot_root());
        parameters.stack = layout::cpu_area + (cpu.raw + 1) * layout::cpu_block_size;
        parameters.go_on = reinterpret_cast<std::uint64_t>(arrive);
        parameters.far_offset += static_cast<std::uint32_t>(page_);
        parameters.gdt_base += static_cast<std::uint32_t>(page_);
    }
    std::uint64_t page() const { return page_; }

private:
    std::uint64_t page_;
};

// The highest usable page that is certainly below the firmware's own data.
std::uint64_t trampoline_page(MemoryMap memory) {
    constexpr std::uint64_t limit = 0x9'0000;
    std::uint64_t found = 0;
    for (const auto& region : memory) {
        const auto end = std::min(region.end(), limit) & ~(page_size - 1);
        if (region.usable() && end >= region.start + page_size && end > page_size) found = end - page_size;
    }
    return found;
}

// Two seconds of the slowest machine's cycles: a CPU that has not come by then does not come.
bool arrived(CpuId cpu) {
    constexpr std::uint64_t patience = std::uint64_t{8} << 30;
    for (const auto start = read_tsc(); !cpu_of(cpu).online;) {
        if (read_tsc() - start > patience) return false;
        while_waiting();
    }
    return true;
}

}  // namespace

std::size_t start_cpus(std::span<const std::uint32_t> apic_ids, std::size_t most, MemoryMap memory) {
    std::size_t running = 1;
    const auto page = trampoline_page(memory);
    if (page == 0) {
        log(Level::error, "no page below 1 MiB is free: the other CPUs stay off");
        return running;
    }
    const Trampoline trampoline(page);
    for (const auto apic_id : apic_ids) {
        if (apic_id == this_cpu().apic_id) continue;
        if (running == std::min(most, most_cpus)) break;
        const CpuId cpu(static_cast<std::uint32_t>(running));
        make_cpu(cpu, apic_id);
        trampoline.aim(cpu);
        send_init_and_start_up(apic_id, trampoline.page());
        if (!arrived(cpu)) {
            log(Level::error, "the CPU with APIC id {} does not start", apic_id);
            break;   // it may yet come, and would then run on the next one's stack
        }
        ++running;
    }
    return running;
}

void stop_other_cpus() {
    constexpr std::uint64_t patience = std::uint64_t{1} << 28;
    stopping = true;
    const auto me = this_cpu().id;
    if (online_cpus().without(me).empty()) return;
    send_nmi_to_others();
    for (const auto start = read_tsc(); !online_cpus().without(me).empty() && read_tsc() - start < patience;) pause_briefly();
}

void stop_if_told() {
    if (!stopping) return;
    go_offline();
    for (;;) {
        interrupts_off();
        halt();
    }
}

}  // namespace basalt
