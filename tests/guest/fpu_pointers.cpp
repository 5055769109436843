// RUN: %boot-guest --cpu max,-la57,-smap,-xsaveerptr | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Where a vcpu's last floating-point instruction was is nobody else's to know. AMD's processors before Zen 2 do not
// save that unless an exception is pending (RstrFpErrPtrs, which QEMU calls xsaveerptr and is taken away here).
#include "kit/case.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

// SDM 1 figure 8-9: the environment as 64-bit mode stores it.
struct Environment {
    std::uint32_t control, status, tag, instruction, code, data, data_segment;
};
Environment environment() {
    Environment now;
    asm volatile("fnstenv %0" : "=m"(now));
    return now;
}

volatile std::uint32_t twins_operand = 1;
std::uint32_t low_half(const volatile void* address) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uint64_t>(address));
}

// A copy of this guest that computes all the time.
[[noreturn]] void twin_body() {
    for (;;) {
        asm volatile("fildl %0; fstp %%st(0)" ::"m"(twins_operand));
        bare_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield);
    }
}

constexpr auto table = std::to_array<Case>({
    {in_words("floating point"), "shows the vcpu's own last instruction and operand, and not those of the domain that ran before", [] {
        const Twin twin(twin_body);
        expect_equal(twin.trouble, 0);
        expect_equal(twin.start(), 0);
        for (unsigned turn = 0; turn < 20; ++turn) {
            asm volatile("fninit");
            call<rows::sched_op, SCHEDOP_yield>();
            const Environment now = environment();
            expect(now.data != low_half(&twins_operand));
            if (on_stock_xen()) continue;        // it leaves a place of its own there
            expect_equal(now.data, 0);
            expect_equal(now.instruction, 0);
        }
        expect_equal(twin.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
