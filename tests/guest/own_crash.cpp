// REQUIRES: basalt
// RUN: not %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
// CHECK-NEXT: (XEN) d0v0 crashed: it asked for it
// CHECK-NEXT: (XEN) rip {{[0-9a-f]+}} cs e033
// CHECK-NEXT: (XEN) rax {{[0-9a-f]+}} rbx 00000000600df00d
// CHECK: (XEN) cr0 {{[0-9a-f]+}} cr2 0000123456789abc cr3 {{[0-9a-f]+}} cr4 {{[0-9a-f]+}}
// CHECK-NEXT: (XEN) fs base 0000000001234000 gs base 0000000000000000, and 0000000005432000 of user mode
// CHECK-NEXT: (XEN) stack 000000000badf00d 000000001badf00d
// CHECK: (XEN) Dom0 has crashed: resetting
//
// What is told of a Dom0 that asks for its own crash: a kernel may do so before its first page of output, and where it was is
// then all there is to know. Stock Xen tells nothing of it.
#include "kit/case.hpp"

namespace kit {
namespace {

void ask_for_a_crash() {
    fault_of([] { *reinterpret_cast<volatile std::uint64_t*>(0x1234'5678'9abc); });
    set_segment_base(SEGBASE_FS, 0x1234000);
    set_segment_base(SEGBASE_GS_USER, 0x5432000);
    static sched_shutdown_t request{SHUTDOWN_crash};    // not below what is pushed
    asm volatile("push $0x1badf00d; push $0xbadf00d; syscall"
                 :: "a"(__HYPERVISOR_sched_op), "b"(0x600df00d), "D"(SCHEDOP_shutdown), "S"(&request) : "rcx", "r11", "memory");
}

constexpr auto table = std::to_array<Case>({
    {"sched_op.shutdown", "of Dom0 for a crash tells its registers, its segments and its stack", [] { end_with(ask_for_a_crash); }},
});

}
constinit const std::span<const Case> cases = table;
}
