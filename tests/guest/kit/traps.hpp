// Exceptions, events and system calls as the hypervisor delivers them, and recovery from the ones a case provokes.
#pragma once

#include "kit/abi.hpp"

#include <cstdint>
#include <optional>

namespace kit {

// Every register at a way in, in the order entry.S stores them.
struct Frame {
    std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    std::uint64_t vector;
    std::uint64_t error;      // on the way back: VGCF_ flags for the iret hypercall
    std::uint64_t rip;
    std::uint32_t cs, upcall_mask;
    std::uint64_t rflags, rsp, ss;
    bool from_user() const { return (cs & 3) == 3; }
};

// The ways in that are no vectors.
constexpr std::uint64_t event_callback = 256, failsafe_callback = 257, system_call = 258, system_call32 = 259;

struct Fault {
    std::uint64_t vector, error, rip, address;   // address: cr2, of a page fault
    Frame frame;
};

void start_traps();

// Runs `work`; the first exception in it that no hook answers ends it and is returned.
std::optional<Fault> fault_of(void (*work)(void*), void* argument);

template <class Work>
std::optional<Fault> fault_of(Work work) {
    return fault_of([](void* argument) { (*static_cast<Work*>(argument))(); }, &work);
}

// Looks first at every frame with this vector while in place; true = go on where the frame says.
using Hook = bool (*)(Frame&);
void set_hook(std::uint64_t vector, Hook hook);

// The trap table the kit runs with: a case that registers another puts this one back with set_trap_table.
trap_info_t* kit_trap_table();

}

extern "C" {
void resume(kit::Frame* frame);
void trap_entry_points();
extern std::byte event_way_in[], failsafe_way_in[], system_call_way_in[], system_call32_way_in[];
extern std::byte vector_3[], vector_128[], vector_129[], kernel_stack_top[], trap_stack_top[];
extern const std::byte second_stack[], second_stack_top[];
}
