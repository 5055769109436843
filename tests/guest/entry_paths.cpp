// REQUIRES: basalt
// RUN: %each-instruction | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
// CHECK: each_instruction: {{[0-9]+}} places, 0 wrong
//
// Each way into the hypervisor and out of it, again and again, while each_instruction.py lets NMIs and machine checks come
// at one instruction of them after the other. Whatever comes in between, nobody's registers change.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"
#include "kit/user.hpp"

extern "C" {
// For whoever looks from outside: where a round begins and ends, and how many are to come.
volatile std::uint64_t rounds_left = 2;
void round_begins();
void round_ends();
extern std::byte user_syscall[], user_syscall_32[], user_ud2[], user_int80[], user_touch[], user_touch_own[];
}
asm(R"(
        .text
        .globl round_begins, round_goes_on, round_ends
round_begins:   nop
round_goes_on:  ret
round_ends:     ret

        .section .user, "ax"
user_syscall:   syscall
user_ud2:       ud2
user_int80:     int $0x80
user_touch:     cmpb %al, 0x1000
user_touch_own: movabs 0xffff820000000000, %al      /* a slot of Basalt's */
                .code32
user_syscall_32: syscall
                .code64
        .previous
)");

namespace kit {
namespace {

unsigned timer_port, own_port;
constexpr std::uint64_t on_first_nmi_stack = 0xffff'8180'0000'2800;     // the first CPU's: core/layout.hpp
std::uint64_t way_to_user;      // VGCF_in_syscall: by SYSRET

Frame full_frame(const std::byte* code) {
    Frame frame = user_frame(code);
    frame.error = way_to_user;
    if (way_to_user != 0) frame.rsp = on_first_nmi_stack;
    std::uint64_t value = 0;
    for (std::uint64_t* word = &frame.r15; word <= &frame.rax; ++word) *word = value += 0x1111'1111'1111'1111;
    frame.rflags |= 0xcd5;   // CF PF AF ZF SF OF DF
    return frame;
}

void enter_from_user(const std::byte* code, std::uint64_t vector, std::uint32_t cs = user_cs) {
    Frame before = full_frame(code);
    before.cs = cs;
    Frame after = run_user(before);
    expect_equal(after.vector, vector);
    expect_equal(after.rflags & 0xcd5, 0xcd5);
    if (way_to_user != 0) after.rcx = before.rcx, after.r11 = before.r11;
    if (vector >= system_call) after.rcx = before.rcx, after.r11 = before.r11;
    for (std::uint64_t *was = &before.r15, *is = &after.r15; was <= &before.rax; ++was, ++is)
        if (cs == user_cs) expect_equal(*is, *was);
    expect_equal(after.rsp, before.rsp);
}

// Events that the kernel has shut out, and that come as soon as user mode lets them in.
void enter_from_user_after_event() {
    const unsigned before = seen.port[own_port];
    expect_equal(send(own_port), 0);
    enter_from_user(user_ud2, 6);
    expect_equal(seen.port[own_port].load(), before + 1);
}

void enter_from_user_and_come_back_by_each_way() {
    for (const std::uint64_t way : {0, VGCF_in_syscall}) {
        way_to_user = way;
        enter_from_user(user_syscall, system_call);
        enter_from_user(user_touch, 14);
        enter_from_user_after_event();
    }
    way_to_user = 0;
    enter_from_user(user_touch_own, 14);
}

// C++, which has to be asked where flags may show the IOPL, and the short ways of guests/pv/short_ways.S.
void enter_from_user_by_each_way() {
    expect_equal(call<rows::vm_assist, VMASST_CMD_enable>(VMASST_TYPE_architectural_iopl), 0);
    enter_from_user_and_come_back_by_each_way();
    expect_equal(call<rows::vm_assist, VMASST_CMD_disable>(VMASST_TYPE_architectural_iopl), 0);
    enter_from_user_and_come_back_by_each_way();
}

// A frame whose IRET the processor refuses.
void return_to(std::uint32_t cs, std::uint64_t rip, std::uint64_t flags) {
    const auto fault = fault_of([=] {
        Frame frame = user_frame(user_ud2);
        frame.cs = cs;
        frame.rip = rip;
        frame.error = flags;
        resume(&frame);
    });
    expect(fault && fault->vector == 13);
}

void start_timer(unsigned microseconds) { expect_equal(set_timer_op(now() + microseconds * 1000), 0); }

void spin_until_timer() {
    const unsigned before = seen.port[timer_port];
    allow_events(true);
    start_timer(50);
    while (seen.port[timer_port] == before) __builtin_ia32_pause();
    allow_events(false);
}

// Events are let in by the call alone: none comes before it sleeps.
void sleep_until_timer() {
    const unsigned before = seen.port[timer_port];
    start_timer(2000);   // long enough to fall asleep before
    while (seen.port[timer_port] == before) {
        call<rows::sched_op, SCHEDOP_block>();
        allow_events(false);
    }
}

void signal_oneself() {
    const unsigned before = seen.port[own_port];
    allow_events(true);
    expect_equal(send(own_port), 0);
    allow_events(false);
    expect_equal(seen.port[own_port].load(), before + 1);
}

void make_two_calls() {
    std::array<multicall_entry_t, 2> calls{};
    for (auto& call : calls) call.op = __HYPERVISOR_xen_version;
    expect_equal(multicall(calls), 0);
    for (const auto& call : calls) expect_equal(call.result, 4 << 16 | 17);
}

void step_once() {
    static unsigned steps;
    steps = 0;
    set_hook(1, [](Frame&) {
        ++steps;
        return true;
    });
    asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; pushf; andl $~0x100, (%%rsp); popf" ::: "cc", "memory");
    set_hook(1, nullptr);
    expect(steps > 0);
}

// Basalt's own access, as a guest's data breakpoint sees it: nobody is told.
void touch_what_is_watched() {
    static xen_extraversion_t text;
    expect_equal(set_debugreg(0, &text), 0);
    expect_equal(set_debugreg(7, 0x401 | 0xfull << 16), 0);     // DR0 local, reads and writes of 4 bytes
    expect_equal(call<rows::xen_version, XENVER_extraversion>(text), 0);
    expect_equal(set_debugreg(7, 0), 0);
}

void emulated() {
    std::uint64_t value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    expect_equal(value & 0x80000001, 0x80000001);
}

// A call that needs no stack of its caller's, and has a strange one.
void call_with_a_strange_stack() {
    std::uint64_t result = __HYPERVISOR_xen_version, command = XENVER_version;
    asm volatile("xchg %%rsp, %%rbx\n\tsyscall\n\txchg %%rsp, %%rbx"
                 : "+a"(result), "+D"(command)
                 : "b"(on_first_nmi_stack)
                 : "rcx", "r11", "memory");
    expect_equal(result, 4 << 16 | 17);
}

void round() {
    round_begins();
    call_with_a_strange_stack();
    enter_from_user_by_each_way();
    enter_from_user(user_syscall_32, system_call32, FLAT_USER_CS32);
    enter_from_user(user_ud2, 6);
    enter_from_user(user_int80, 128);
    emulated();
    expect_equal(call<rows::sched_op, SCHEDOP_yield>(), 0);
    make_two_calls();
    signal_oneself();
    step_once();
    touch_what_is_watched();
    return_to(0xfff8 | 3, in_user(user_ud2), 0);
    return_to(FLAT_KERNEL_CS, 0x8000'0000'0000, VGCF_in_syscall);
    spin_until_timer();
    sleep_until_timer();
    round_ends();
}

constexpr auto table = std::to_array<Case>({
    {"iret", "gives back every register, whatever came in between", [] {
        timer_port = port_of(bind_virq(VIRQ_TIMER));
        own_port = port_of(bind_ipi());
        for (; rounds_left != 0; rounds_left = rounds_left - 1) round();
    }},
});

}
constinit const std::span<const Case> cases = table;
}
