#include "second_vcpu.hpp"

#include "memory.hpp"
#include "paging.hpp"
#include "traps.hpp"

#include <atomic>

namespace kit {

namespace {

vcpu_guest_context_t context;
std::atomic<Work> given;

[[noreturn]] void second_start() {
    for (;;) {
        if (const Work work = given) {
            work();
            given = nullptr;
        } else {
            call<rows::sched_op, SCHEDOP_yield>();
        }
    }
}

std::uint64_t address_of(const auto* place) { return reinterpret_cast<std::uint64_t>(place); }

}

vcpu_guest_context_t& second_vcpu_context() {
    context = {};
    context.flags = VGCF_in_kernel;
    context.user_regs.rip = reinterpret_cast<std::uint64_t>(&second_start);
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    context.user_regs.rflags = 0x1000;                       // as Linux: IOPL 1, events shut out
    context.user_regs.rsp = address_of(second_stack_top) - 8;
    context.kernel_ss = FLAT_KERNEL_SS;
    context.kernel_sp = address_of(second_stack) + 4096;
    context.ctrlreg[3] = xen_pfn_to_cr3(root_mfn());
    context.event_callback_eip = address_of(event_way_in);
    context.failsafe_callback_eip = address_of(failsafe_way_in);
    context.syscall_callback_eip = address_of(system_call_way_in);
    return context;
}

void begin_on_second(Work work) { given = work; }
bool second_is_busy() { return given != nullptr; }
void finish_on_second() {
    while (second_is_busy()) call<rows::sched_op, SCHEDOP_yield>();
}
void run_on_second(Work work) {
    begin_on_second(work);
    finish_on_second();
}

}
