// The doors of entry.S. The handlers below the line are supplied by guests/, and run on the CPU's stack with interrupts
// off. When one returns, the guest is entered again: through before_guest_entry() if the CPU has work or the vcpu an
// event, and by SYSRET or IRET as Registers::vector says.
#pragma once

#include <cstdint>

#include "machine/registers.hpp"

namespace basalt {

// SDM 3A 7.7, figure 7-11. Laid out so that RSP0 is aligned.
struct [[gnu::packed]] TaskState {
    std::uint32_t reserved_0;
    std::uint64_t stacks[3];
    std::uint64_t reserved_1;
    std::uint64_t interrupt_stacks[7];
    std::uint64_t reserved_2;
    std::uint16_t reserved_3;
    std::uint16_t io_map;
};
static_assert(sizeof(TaskState) == 104);

// The page behind a CPU's alias of the entry text, found relative to RIP.
struct EntryData {
    std::uint64_t guest_stack;   // SYSCALL leaves RSP as it was; it waits here
    std::uint64_t cpu_stack;     // where C++ starts
    std::uint32_t padding;
    TaskState task;
};
static_assert((offsetof(EntryData, task) + offsetof(TaskState, stacks)) % 8 == 0);

extern "C" {

// Leaves start-up, or a CPU's idle stack, for good: what is on the stack is forgotten, and whoever
// before_guest_entry() chooses is entered.
[[noreturn]] void enter_guests();

// --- supplied by guests/ ---
void guest_exception(Registers&);      // exceptions and `int n` of ring 3
void guest_interrupt(Registers&);      // external vectors that came in ring 3
void guest_system_call(Registers&);    // SYSCALL of 64-bit ring 3, but for what short_ways.S has answered
void guest_compatible_system_call(Registers&);   // SYSCALL of 32-bit code: by_compatible_system_call
void guest_return_fault(Registers&);   // IRET refused these selectors: error_code says which; vector is the fault's
void hypervisor_interrupt(Registers&); // external vectors that came in ring 0: idle or a poll window

// Not functions: entry.S goes on there, in the state that short_ways.S tells of.
void short_system_call();
void short_page_fault();
void short_return();

// The CPU has work, or its vcpu a pending event. On return this_cpu().running_registers are entered.
void before_guest_entry();

// --- supplied by machine/ ---
void hypervisor_exception(Registers&); // exceptions of ring 0: recovered through the exception table, or a panic
void guest_nmi(Registers&);            // of ring 3, and of ring 0
void hypervisor_nmi(Registers&);
void guest_machine_check(Registers&);
void hypervisor_machine_check(Registers&);
[[noreturn]] void double_fault(Registers&);
}

// Seam of guests/: an exception of ring 0 that no table entry recovers but a guest's state explains (its LDT being
// brought in, say). True when the instruction may be tried again.
bool resolve_hypervisor_fault(Registers&);

// Lets pending interrupts in for a moment. Only with no lock held, between the bounded steps of long work.
void poll_interrupts();

// Halts until an interrupt came. Nothing is lost between the caller's last look at its work and the halt.
void wait_for_interrupt();

}  // namespace basalt
