#include "machine/cpu.hpp"

#include <bit>
#include <new>

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "debug/panic.hpp"
#include "machine/entry.hpp"
#include "machine/flush.hpp"
#include "machine/instructions.hpp"
#include "machine/kick.hpp"
#include "machine/smp.hpp"

extern "C" void sleep_until_interrupt();   // own_stacks.S

// "Nothing pending, and shut out", for a CPU without a vcpu, and for a vcpu that has no vcpu_info: short_ways.S asks for it.
extern "C" const std::uint16_t no_upcall;
const std::uint16_t no_upcall = 0x0100;

namespace basalt {
namespace {

constinit std::atomic<std::uint64_t> online{0};

}  // namespace

void begin(CpuId id, std::uint32_t apic_id) {
    auto& cpu = *new (&cpu_of(id)) Cpu;
    cpu.id = id;
    cpu.apic_id = apic_id;
    cpu.upcall_bytes = &no_upcall;
}

void come_online() {
    auto& cpu = this_cpu();
    cpu.online = true;
    online.fetch_or(CpuMask::of(cpu.id).bits);
}

void go_offline() {
    auto& cpu = this_cpu();
    online.fetch_and(~CpuMask::of(cpu.id).bits);
    cpu.online = false;
}

void Cpu::run(Vcpu* vcpu, VcpuRegisters* registers, const std::uint16_t* upcall) {
    running_vcpu = vcpu;
    running_registers = registers;
    upcall_bytes = upcall != nullptr ? upcall : &no_upcall;
    // Idle, nothing can come from ring 3; the CPU's own stack is as good as any.
    entry_data->task.stacks[0] = registers != nullptr ? registers->landing() : entry_data->cpu_stack;
    if (registers != nullptr) registers->cpu_stack = entry_data->cpu_stack;
}

CpuMask online_cpus() { return {online.load(std::memory_order_relaxed)}; }

std::size_t online_cpu_count() { return static_cast<std::size_t>(std::popcount(online.load(std::memory_order_relaxed))); }

CpuId current_cpu() { return this_cpu().id; }

std::uint32_t panicking_cpu() { return this_cpu().id.raw; }

void raise(CpuId id, Work work) {
    auto& cpu = cpu_of(id);
    const auto bit = static_cast<std::uint32_t>(work);
    const auto before = cpu.work.fetch_or(bit, std::memory_order_acq_rel);
    // With work already there, whoever put it has sent the interrupt, or the CPU has not yet looked.
    if (before == 0 && &cpu != &this_cpu()) send_ipi(id, vector::look_at_work);
}

void raise_here(Work work) { this_cpu().work.fetch_or(static_cast<std::uint32_t>(work), std::memory_order_relaxed); }

void while_waiting() {
    answer_flush_requests();
    pause_briefly();
}

void poll_interrupts() { asm volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory"); }

void wait_for_interrupt() { sleep_until_interrupt(); }

}  // namespace basalt
