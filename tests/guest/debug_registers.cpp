// RUN: %boot-guest --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Whose breakpoints a CPU holds: those of the vcpu that runs there, whoever set them and wherever. The machine has one
// CPU, which everybody here shares.
#include "kit/case.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/small_domain.hpp"
#include "kit/twin.hpp"

#include <algorithm>

namespace kit {
namespace {

constexpr unsigned debug_exception = 1;
constexpr std::uint64_t off = 0x400, stops_at_0 = 0x401;       // DR7: none; DR0 for an instruction

[[gnu::noinline]] void probe() { asm volatile("nop"); }
const auto probed = reinterpret_cast<std::uint64_t>(&probe);

// A copy of this guest that runs the same code at the same address, with no breakpoints of its own.
volatile std::uint64_t twin_stopped_at = 0;
[[noreturn]] void twin_body() {
    start_memory(start);
    start_traps();
    set_hook(debug_exception, [](Frame& frame) {
        twin_stopped_at = frame.rip;
        frame.rflags |= 1 << 16;
        return true;
    });
    probe();
    sched_shutdown_t end{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(end);
}

void expect_twin_runs_through() {
    const Twin twin(twin_body);
    expect_equal(twin.trouble, 0);
    expect_equal(twin.start(), 0);
    expect_equal(twin.ended(), SHUTDOWN_poweroff);
    expect_equal(twin.read(twin_stopped_at), 0);
    expect_equal(twin.destroy(), 0);
}

Status context_of(unsigned command, const OtherDomain& domain, vcpu_guest_context_t& context) {
    xen_domctl_t request{};
    set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
    return domctl(command, domain.id, request);
}
constexpr unsigned gets = XEN_DOMCTL_getvcpucontext, sets = XEN_DOMCTL_setvcpucontext;

void set_breakpoint(vcpu_guest_context_t& context, std::uint64_t address) {
    context.debugreg[0] = address;
    context.debugreg[7] = stops_at_0;
}

std::uint64_t second_dr0, second_dr7;

constexpr auto table = std::to_array<Case>({
    {"set_debugreg", "breakpoints stay behind when another domain runs, and are back afterwards", [] {
        expect_equal(set_debugreg(0, probed), 0);
        expect_equal(set_debugreg(7, stops_at_0), 0);
        expect_twin_runs_through();
        expect_fault(fault_of(probe), debug_exception);
        expect_equal(set_debugreg(7, off), 0);
        expect(!fault_of(probe));
    }},
    {"set_debugreg", "a breakpoint on ports is told while it is on, and no longer", [] {
        constexpr std::uint64_t debug_extensions = 1 << 3, at_ports = 1 | 2 << 16;
        std::uint64_t cr4;
        asm volatile("mov %%cr4, %0" : "=r"(cr4));
        asm volatile("mov %0, %%cr4" ::"r"(cr4 | debug_extensions));
        expect_equal(set_debugreg(7, off | at_ports), 0);
        expect_equal(hypercall(__HYPERVISOR_get_debugreg, 7), static_cast<Status>(off | at_ports));
        expect_equal(set_debugreg(7, off), 0);
        expect_equal(hypercall(__HYPERVISOR_get_debugreg, 7), static_cast<Status>(off));
        asm volatile("mov %0, %%cr4" ::"r"(cr4));
    }},
    {"domctl.setvcpucontext", "leaves the caller's own debug registers alone", [] {
        static vcpu_guest_context_t context;
        const SmallDomain other(endless_loop);
        expect_equal(other.trouble, 0);
        expect_equal(context_of(gets, other, context), 0);
        set_breakpoint(context, probed);
        expect_equal(context_of(sets, other, context), 0);
        expect(!fault_of(probe));
        context = {};
        expect_equal(context_of(gets, other, context), 0);
        expect_equal(context.debugreg[0], probed);
        expect_equal(context.debugreg[7], stops_at_0);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.setvcpucontext", "a vcpu's breakpoints are there when it runs", [] {
        static vcpu_guest_context_t context;
        const SmallDomain other(endless_loop);
        expect_equal(context_of(gets, other, context), 0);
        set_breakpoint(context, image_base);
        expect_equal(context_of(sets, other, context), 0);
        expect_equal(other.start(), 0);
        expect_equal(other.ended(), SHUTDOWN_crash);        // it has no handler
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.setvcpucontext", "what a vcpu may not have is left out, and nothing from before stays", [] {
        static vcpu_guest_context_t context;
        const SmallDomain other(endless_loop);
        expect_equal(context_of(gets, other, context), 0);
        set_breakpoint(context, probed);
        expect_equal(context_of(sets, other, context), 0);
        set_breakpoint(context, HYPERVISOR_VIRT_START);
        context.debugreg[7] = off | 1 << 13;                // general detect
        expect_equal(context_of(sets, other, context), 0);
        expect_equal(context_of(gets, other, context), 0);
        expect_equal(context.debugreg[0], 0);
        expect_equal(context.debugreg[7], off);
        expect_equal(other.destroy(), 0);
    }},
    {"vcpu_op.initialise", "leaves this vcpu's own debug registers alone", [] {
        auto& context = second_vcpu_context();
        set_breakpoint(context, probed);
        expect(!fault_of(probe));
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, context), 0);
        expect_equal(get_debugreg(7), off);
        expect(!fault_of(probe));
    }},
    {"vcpu_op.initialise", "leaves other domains' debug registers alone", [] { expect_twin_runs_through(); }},
    {"vcpu_op.initialise", "the vcpu has its debug registers when it comes up", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        run_on_second([] { second_dr0 = get_debugreg(0), second_dr7 = get_debugreg(7); });
        expect_equal(second_dr0, probed);
        expect_equal(second_dr7, stops_at_0);
        expect(!fault_of(probe));
    }},
});

}
constinit const std::span<const Case> cases = table;
}
