// What a CPU knows of itself. It lies in the first page of the CPU's stack block, so every stack pointer leads to it.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/layout.hpp"
#include "core/number.hpp"
#include "machine/cpu_mask.hpp"
#include "machine/lock_times.hpp"
#include "machine/registers.hpp"
#include "translations/cpu_translations.hpp"

namespace basalt {

class Vcpu;
struct EntryData;

// What a CPU has to see to before it enters a guest again. `before_guest_entry` answers all of these.
enum class Work : std::uint32_t {
    schedule = 1 << 0,        // the running vcpu may no longer be the right one
    timer = 1 << 1,           // a timer is due
    events = 1 << 2,          // look at the running vcpu's events again
    machine_check = 1 << 3,   // #MC or NMI left something to report
    undoing = 1 << 4,         // the running vcpu has let go tables (domain/undoing.hpp)
    stop = 1 << 5,            // all CPUs are being brought to a halt
    passage = 1 << 7,         // the CPU passes (domain/passage.hpp)
    standstill = 1 << 8,      // all CPUs but one are to stand still (domain/standstill.hpp)
    audit = 1 << 9,           // a key has asked for one (domain/audit.hpp)
};

struct Cpu {
    CpuId id{};
    std::uint32_t apic_id = 0;

    // Who runs here: null while idle. Only this CPU changes these, by run().
    Vcpu* running_vcpu = nullptr;
    Registers* running_registers = nullptr;
    EntryData* entry_data = nullptr;

    // The running vcpu's two bytes (upcall pending, upcall masked) of its vcpu_info, read on every return to the guest. Where
    // it has none they stand in read-only memory. The short ways of PV guests write where it has one.
    const std::uint16_t* upcall_bytes = nullptr;

    std::atomic<std::uint32_t> work{0};

    // See flush.hpp.
    CpuTranslations translations;
    std::atomic<FlushTime> globals_flushed_at{0};
    std::atomic<std::uint32_t> flush_wanted{0};

    std::atomic<std::uint64_t> root{0};   // physical address in CR3
    Mfn descriptors{};   // frame of this CPU's GDT page: see descriptors.hpp
    std::uint64_t cr4 = 0;   // set_cr4()
    std::uint64_t xcr0 = 0;   // set_xcr0()
    std::uint32_t tsc_aux = 0;   // what RDTSCP and RDPID tell guests: set_tsc_aux()
    bool task_switched = false;   // CR0.TS: set_task_switched()
    std::uint64_t host_state = 0;   // physical: what VMLOAD gives back after a guest of SVM's (svm_enter.S)
    bool nested_stale = false;   // guests' translations are to be forgotten before one is entered: svm::tag_translations()
    std::uint32_t locks_held = 0;   // checked builds: one bit for each rank
    LockTally lock_tally;
    std::atomic<bool> online{false};

    // Takes the work and clears it.
    std::uint32_t take_work() { return work.exchange(0, std::memory_order_acquire); }
    void drop_work(Work kind) { work.fetch_and(~static_cast<std::uint32_t>(kind), std::memory_order_relaxed); }
    bool has(Work kind) const { return (work.load(std::memory_order_relaxed) & static_cast<std::uint32_t>(kind)) != 0; }

    // From now on entries from ring 3 land in these registers. With no vcpu, the CPU is idle.
    void run(Vcpu* vcpu, VcpuRegisters* registers, const std::uint16_t* upcall);
};

static_assert(sizeof(Cpu) <= page_size);

inline Cpu& this_cpu() {
    std::uint64_t block;
    asm("mov %%rsp, %0\n\tand %1, %0" : "=&r"(block) : "i"(-static_cast<std::int64_t>(layout::cpu_block_size)) : "cc");
    return *reinterpret_cast<Cpu*>(block);
}

inline Cpu& cpu_of(CpuId id) { return *reinterpret_cast<Cpu*>(layout::cpu_area + id.raw * layout::cpu_block_size); }

// Start-up: a CPU's header, before it runs; the CPU itself says when others may interrupt it.
void begin(CpuId id, std::uint32_t apic_id);
void come_online();
void go_offline();

CpuMask online_cpus();
std::size_t online_cpu_count();

// Says that a CPU has something to see to. Another CPU, or this one when it may be about to halt, gets an interrupt.
void raise(CpuId cpu, Work work);
void raise_here(Work work);

}   // namespace basalt
