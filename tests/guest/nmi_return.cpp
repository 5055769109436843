// RUN: %boot-guest --no-smap --cpus 2 --options 'dom0_max_vcpus=2 nmi=ignore' --monitor 'an NMI, please' nmi \
// RUN:   --monitor 'a machine check, please' 'mce 0 3 0xbd00000000000000 5 0 0' | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A vcpu runs in a code segment of its own GDT, and the descriptor is taken away by another: the CPU goes on with what it
// remembers, until something interrupts it. Where it was cannot be returned to then.
// Without SMAP, as sensitive_transfers: a far return is the way into the segment.
#include "kit/case.hpp"
#include "kit/descriptor_tables.hpp"
#include "kit/paging.hpp"
#include "kit/second_vcpu.hpp"

namespace kit {
namespace {

constexpr std::uint64_t code_64 = 0x00af'fa00'0000'ffff;

std::uint64_t place;                        // machine address of the descriptor
std::string_view request;                   // what boot_guest.py waits for, at the end of a line
volatile bool spinning;

void take_descriptor_away() {
    while (!spinning) __builtin_ia32_pause();
    expect_equal(update_descriptor(place, 0), 0);
    print("the descriptor is gone: ", request);
}

// For ever, in the segment.
void spin_there() {
    asm volatile(
        "push %1\n\t"
        "lea 1f(%%rip), %%rax\n\t"
        "push %%rax\n\t"
        "lretq\n"
        "1:\tmovb $1, %0\n"
        "2:\tpause\n\t"
        "jmp 2b"
        : "=m"(spinning) : "r"(std::uint64_t{8 | 3}) : "rax", "memory");
}

void interrupted_by(std::string_view what) {
    spinning = false;
    request = what;
    expect_equal(update_descriptor(place, code_64), 0);
    begin_on_second(take_descriptor_away);
    const auto fault = fault_of(spin_there);
    finish_on_second();
    if (expect_fault(fault, 13, 8)) expect_equal(fault->frame.cs & 0xffff, 8);   // as kernel mode is shown
}

constexpr auto table = std::to_array<Case>({
    {"update_descriptor", "takes a code segment away, and an NMI's return there is the guest's #GP", [] {
        const Page& page = descriptor_page({});
        expect_equal(use_gdt(page), 0);
        place = page.machine() + 8;
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        interrupted_by("an NMI, please");
    }},
    {"update_descriptor", "takes a code segment away, and a machine check's return there is the guest's #GP", [] {
        interrupted_by("a machine check, please");
    }},
});

}
constinit const std::span<const Case> cases = table;
}
