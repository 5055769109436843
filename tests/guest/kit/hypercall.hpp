// The calls a test makes: by the table where it can say what is asked, and otherwise by a name that says so.
#pragma once

#include "answers.hpp"
#include "kit/abi.hpp"
#include "table/call_of.hpp"
#include "table/families.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

extern "C" std::byte hypercall_page[4096];

namespace kit {

namespace rows = basalt::table;

using Status = std::int64_t;

// An argument register: any number or pointer.
struct Word {
    std::uint64_t value = 0;
    constexpr Word() = default;
    constexpr Word(std::integral auto number) : value(static_cast<std::uint64_t>(number)) {}
    Word(const volatile void* pointer) : value(reinterpret_cast<std::uint64_t>(pointer)) {}
};

// Noted by nobody: for calls that say nothing of what was meant, or that are counted by the instruction.
inline Status bare_hypercall(unsigned number, Word a = {}, Word b = {}, Word c = {}, Word d = {}, Word e = {}) {
    auto result = reinterpret_cast<std::uint64_t>(hypercall_page) + number * 32;
    register std::uint64_t fourth asm("r10") = d.value;
    register std::uint64_t fifth asm("r8") = e.value;
    asm volatile("call *%%rax"
                 : "+a"(result), "+D"(a.value), "+S"(b.value), "+d"(c.value), "+r"(fourth), "+r"(fifth)
                 :
                 : "rcx", "r9", "r11", "memory");
    return static_cast<Status>(result);
}

// By numbers, of what has no name here.
inline Status hypercall(unsigned number, Word a = {}, Word b = {}, Word c = {}, Word d = {}, Word e = {}) {
    const Status result = bare_hypercall(number, a, b, c, d, e);
    note_answer({number, {a.value, b.value, c.value, d.value, e.value}, result});
    return result;
}

// By the table: a wrong command or structure does not compile, nor does a number in the structure's place. Nothing at all is
// the address 0.
template <const basalt::table::Family& family, std::uint32_t command, typename... Arguments>
Status call(Arguments&&... arguments) {
    constexpr bool is_whole = family.row(command)->operand.size == 0 || sizeof...(arguments) == 0 ||
                              (!std::is_integral_v<std::remove_reference_t<Arguments>> || ...);
    static_assert(is_whole, "the row has a structure");
    const auto made = basalt::table::call_of<family, command>(arguments...);
    const auto& word = made.arguments;
    return hypercall(family.number, word[0], word[1], word[2], word[3], word[4]);
}

// What the table cannot say: a command that there is not or that a loop chooses, an address where no structure is, a text.
namespace untyped {
inline Status xen_version(int command, Word argument = {}) { return hypercall(__HYPERVISOR_xen_version, command, argument); }
inline Status console_io(int command, Word count, Word buffer) {
    return hypercall(__HYPERVISOR_console_io, command, count, buffer);
}
inline Status memory_op(unsigned command, Word argument) { return hypercall(__HYPERVISOR_memory_op, command, argument); }
inline Status event_channel_op(int command, Word argument) {
    return hypercall(__HYPERVISOR_event_channel_op, command, argument);
}
inline Status vcpu_op(int command, Word vcpu, Word argument = {}) {
    return hypercall(__HYPERVISOR_vcpu_op, command, vcpu, argument);
}
inline Status sched_op(int command, Word argument = {}) { return hypercall(__HYPERVISOR_sched_op, command, argument); }
inline Status physdev_op(int command, Word argument) { return hypercall(__HYPERVISOR_physdev_op, command, argument); }
inline Status platform_op(Word argument) { return hypercall(__HYPERVISOR_platform_op, argument); }
inline Status grant_table_op(unsigned command, Word operations, Word count) {
    return hypercall(__HYPERVISOR_grant_table_op, command, operations, count);
}
inline Status callback_op(int command, Word argument) { return hypercall(__HYPERVISOR_callback_op, command, argument); }
inline Status vm_assist(unsigned command, unsigned type) { return hypercall(__HYPERVISOR_vm_assist, command, type); }
}

// These have one command, or one structure for all.
inline Status platform_op(xen_platform_op_t& request) { return untyped::platform_op(&request); }
inline Status set_trap_table(Word table) { return hypercall(__HYPERVISOR_set_trap_table, table); }
inline Status set_callbacks(Word event, Word failsafe, Word syscall) {
    return hypercall(__HYPERVISOR_set_callbacks, event, failsafe, syscall);
}
inline Status set_gdt(Word frames, Word entries) { return hypercall(__HYPERVISOR_set_gdt, frames, entries); }
inline Status stack_switch(Word ss, Word sp) { return hypercall(__HYPERVISOR_stack_switch, ss, sp); }
inline Status fpu_taskswitch(int set) { return hypercall(__HYPERVISOR_fpu_taskswitch, set); }
inline Status set_debugreg(int reg, Word value) { return hypercall(__HYPERVISOR_set_debugreg, reg, value); }
inline Status get_debugreg(int reg) { return hypercall(__HYPERVISOR_get_debugreg, reg); }
inline Status update_descriptor(Word machine_address, Word descriptor) {
    return hypercall(__HYPERVISOR_update_descriptor, machine_address, descriptor);
}
inline Status set_segment_base(int which, Word base) { return hypercall(__HYPERVISOR_set_segment_base, which, base); }
inline Status set_timer_op(Word deadline) { return hypercall(__HYPERVISOR_set_timer_op, deadline); }
inline Status update_va_mapping(Word address, Word entry, Word flags = {}) {
    return hypercall(__HYPERVISOR_update_va_mapping, address, entry, flags);
}

inline Status multicall(std::span<multicall_entry_t> calls) {
    return hypercall(__HYPERVISOR_multicall, calls.data(), calls.size());
}
inline Status mmu_update(std::span<const mmu_update_t> updates, unsigned* done = nullptr, int domain = DOMID_SELF) {
    return hypercall(__HYPERVISOR_mmu_update, updates.data(), updates.size(), done, domain);
}
inline Status mmu_update(std::uint64_t address, std::uint64_t value, int domain = DOMID_SELF) {
    const mmu_update_t update{address, value};
    return mmu_update(std::span{&update, 1}, nullptr, domain);
}
inline Status mmuext_op(std::span<mmuext_op_t> operations, unsigned* done = nullptr, int domain = DOMID_SELF) {
    return hypercall(__HYPERVISOR_mmuext_op, operations.data(), operations.size(), done, domain);
}
inline Status mmuext_op(unsigned command, std::uint64_t mfn_or_address = 0, int domain = DOMID_SELF) {
    mmuext_op_t operation{};
    operation.cmd = command;
    operation.arg1.mfn = mfn_or_address;
    return mmuext_op(std::span{&operation, 1}, nullptr, domain);
}
inline Status set_ldt(Word address, unsigned entries) {
    mmuext_op_t operation{};
    operation.cmd = MMUEXT_SET_LDT;
    operation.arg1.linear_addr = address.value;
    operation.arg2.nr_ents = entries;
    return mmuext_op(std::span{&operation, 1});
}

}
