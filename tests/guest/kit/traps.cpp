#include "traps.hpp"

#include "case.hpp"
#include "events.hpp"
#include "user.hpp"

#include <array>

extern "C" {
extern std::byte vector_0[], vector_1[];
bool guarded_call(void (*function)(void*), void* argument, std::uint64_t* recovery);
[[noreturn]] void abandon(std::uint64_t* recovery);
}

namespace kit {

namespace {

constexpr unsigned exceptions = 32;
std::array<trap_info_t, exceptions + 3> table;   // 32 exceptions, 0x80, 0x81, and the end
std::array<Hook, 260> hooks;
std::uint64_t recovery;                           // the innermost guarded call, 0 = none
Fault last_fault;

trap_info_t gate(unsigned vector, const std::byte* entry, unsigned privilege) {
    return {static_cast<std::uint8_t>(vector), static_cast<std::uint8_t>(privilege), FLAT_KERNEL_CS,
            reinterpret_cast<unsigned long>(entry)};
}

void register_callback(unsigned type, const std::byte* entry) {
    callback_register_t callback{};
    callback.type = static_cast<std::uint16_t>(type);
    callback.address = reinterpret_cast<xen_callback_t>(entry);
    if (call<rows::callback_op, CALLBACKOP_register>(callback) != 0) print("kit: callback ", type, " was refused");
}

}

trap_info_t* kit_trap_table() { return table.data(); }

void start_traps() {
    const auto spacing = static_cast<unsigned>(vector_1 - vector_0);
    for (unsigned vector = 0; vector < exceptions; ++vector) {
        const bool for_user = vector == 3 || vector == 4;
        table[vector] = gate(vector, vector_0 + vector * spacing, for_user ? 3 : 0);
    }
    table[exceptions] = gate(0x80, vector_128, 3);
    table[exceptions + 1] = gate(0x81, vector_129, 0);
    if (set_trap_table(table.data()) != 0) print("kit: the trap table was refused");
    register_callback(CALLBACKTYPE_event, event_way_in);
    register_callback(CALLBACKTYPE_failsafe, failsafe_way_in);
    register_callback(CALLBACKTYPE_syscall, system_call_way_in);
    register_callback(CALLBACKTYPE_syscall32, system_call32_way_in);
    if (stack_switch(FLAT_KERNEL_SS, trap_stack_top) != 0) print("kit: the kernel stack was refused");
}

void set_hook(std::uint64_t vector, Hook hook) { hooks[vector] = hook; }

std::optional<Fault> fault_of(void (*work)(void*), void* argument) {
    if (!guarded_call(work, argument, &recovery)) return std::nullopt;
    return last_fault;
}

extern "C" void entered(Frame* frame) {
    if (Hook hook = hooks[frame->vector]; hook && hook(*frame)) {
        frame->error = 0;
        return;
    }
    if (frame->vector == event_callback) {
        take_events();
        frame->error = 0;
        return;
    }
    if (user_running(*frame)) leave_user(*frame);
    last_fault = {frame->vector, frame->error, frame->rip, vcpu_info().arch.cr2, *frame};
    if (recovery != 0) abandon(&recovery);
    print("kit: vector ", frame->vector, " error ", frame->error, " at ", frame->rip, " outside any case");
    sched_shutdown_t crash{SHUTDOWN_crash};
    call<rows::sched_op, SCHEDOP_shutdown>(crash);
}

}
