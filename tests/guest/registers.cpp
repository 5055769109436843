// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Debug registers and the floating-point unit of a vcpu.
#include "kit/case.hpp"
#include "kit/paging.hpp"

namespace kit {
namespace {

std::uint64_t watched;

void set_float(std::uint64_t value) { asm volatile("movq %0, %%xmm0" ::"r"(value)); }
std::uint64_t get_float() {
    std::uint64_t value;
    asm volatile("movq %%xmm0, %0" : "=r"(value));
    return value;
}

constexpr auto table = std::to_array<Case>({
    {"get_debugreg", "reads back what was set", [] {
        for (int number = 0; number < 4; ++number) {
            expect_equal(set_debugreg(number, 0x1000 + number), 0);
            expect_equal(get_debugreg(number), 0x1000 + number);
        }
        expect_equal(set_debugreg(6, 0xffff0ff0), 0);
        expect_equal(get_debugreg(6), 0xffff0ff0);
        expect_equal(get_debugreg(7), 0x400);
    }},
    {"set_debugreg", "refuses the hypervisor's addresses, and registers that are none", [] {
        expect_equal(set_debugreg(0, HYPERVISOR_VIRT_START), -XEN_EPERM);
        expect_equal(set_debugreg(0, 0x0000900000000000), -XEN_EPERM);
        expect_equal(set_debugreg(4, 0xffff0ff0), 0);        // 4 and 5 are other names of 6 and 7
        expect_equal(get_debugreg(4), 0xffff0ff0);
        expect_equal(get_debugreg(5), 0x400);
        expect_equal(set_debugreg(8, 0), -XEN_ENODEV);
        expect_equal(get_debugreg(8), -XEN_ENODEV);
    }},
    {"set_debugreg", "refuses I/O breakpoints and general detect in DR7", [] {
        expect_equal(set_debugreg(7, 0x20003), -XEN_EPERM);
        expect_equal(set_debugreg(7, 0x2400), -XEN_EPERM);
        expect_equal(set_debugreg(7, 1ull << 32), -XEN_EINVAL);
        expect_equal(get_debugreg(7), 0x400);
        expect_equal(set_debugreg(7, 0), 0);
    }},
    {"set_debugreg", "a data breakpoint is a #DB, and DR6 says which", [] {
        expect_equal(set_debugreg(1, &watched), 0);
        expect_equal(set_debugreg(6, 0), 0);
        expect_equal(set_debugreg(7, 0x400 | 1 << 2 | 0xdull << 20), 0);      // DR1 local, writes of 4 bytes
        static Frame seen_frame;
        seen_frame = {};
        set_hook(1, [](Frame& frame) {
            seen_frame = frame;
            return true;
        });
        *static_cast<volatile std::uint64_t*>(&watched) = 1;
        set_hook(1, nullptr);
        expect_equal(seen_frame.vector, 1);
        expect_equal(get_debugreg(6) & 0xf, 2);
        expect_equal(set_debugreg(7, 0), 0);
        expect_equal(set_debugreg(6, 0), 0);
    }},
    {"set_debugreg", "an instruction breakpoint is a #DB before the instruction", [] {
        std::uint64_t place;
        asm volatile("lea 1f(%%rip), %0; jmp 2f; 1: nop; ret; 2:" : "=r"(place));
        expect_equal(set_debugreg(0, place), 0);
        expect_equal(set_debugreg(7, 0x401), 0);
        const auto fault = fault_of([&] { reinterpret_cast<void (*)()>(place)(); });
        expect_equal(set_debugreg(7, 0), 0);
        if (expect_fault(fault, 1)) expect_equal(fault->rip, place);
    }},
    {"fpu_taskswitch", "the first use after it is #NM, once it is cleared there is none", [] {
        expect_equal(fpu_taskswitch(1), 0);
        expect_fault(fault_of([] { set_float(1); }), 7);
        expect_equal(fpu_taskswitch(0), 0);
        expect(!fault_of([] { set_float(1); }));
    }},
    {"fpu_taskswitch", "the hypervisor clears TS on the way into the #NM handler", [] {
        expect_equal(fpu_taskswitch(1), 0);
        static unsigned count;
        count = 0;
        set_hook(7, [](Frame&) { return ++count < 3; });
        const auto fault = fault_of([] { set_float(2); });
        set_hook(7, nullptr);
        expect_equal(count, 1);
        expect(!fault);
        expect_equal(fpu_taskswitch(0), 0);
    }},
    {"fpu_taskswitch", "CR0 shows it", [] {
        std::uint64_t cr0;
        fpu_taskswitch(1);
        asm volatile("mov %%cr0, %0" : "=r"(cr0));
        expect_equal(cr0 & 8, 8);
        fpu_taskswitch(0);
        asm volatile("mov %%cr0, %0" : "=r"(cr0));
        expect_equal(cr0 & 8, 0);
    }},
    {in_words("floating point"), "registers survive calls and waiting", [] {
        set_float(0x123456789abcdef);
        for (unsigned i = 0; i < 100; ++i) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(get_float(), 0x123456789abcdef);
    }},
    {in_words("floating point"), "a new vcpu starts with the processor's initial state", [] {
        std::uint16_t control = 0;
        std::uint32_t vector_control = 0;
        asm volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(vector_control));
        expect_equal(control, 0x37f);
        expect_equal(vector_control, 0x1f80);
    }},
    {in_words("floating point"), "an unmasked exception is #MF", [] {
        const auto fault = fault_of([] {
            std::uint16_t control = 0x37b;        // division by zero unmasked
            asm volatile("fninit; fldcw %0; fld1; fldz; fdivrp; fwait" ::"m"(control));
        });
        asm volatile("fninit");
        expect_fault(fault, 16);
    }},
    {"nmi_op", "takes an address, refuses bad ones", [] {
        xennmi_callback_t callback{};
        callback.handler_address = reinterpret_cast<unsigned long>(failsafe_way_in);
        expect_equal(call<rows::nmi_op, XENNMI_register_callback>(callback), 0);
        callback.handler_address = 0x0000900000000000;
        expect_equal(call<rows::nmi_op, XENNMI_register_callback>(callback), -XEN_EINVAL);
        expect_equal(hypercall(__HYPERVISOR_nmi_op, XENNMI_register_callback, nowhere), -XEN_EFAULT);
        expect_equal(hypercall(__HYPERVISOR_nmi_op, 99, nullptr), -XEN_ENOSYS);
        expect_equal(call<rows::nmi_op, XENNMI_unregister_callback>(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
