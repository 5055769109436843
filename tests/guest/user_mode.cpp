// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The way from user mode into the kernel and back: system calls, exceptions, INT n, iret, events.
#include "kit/case.hpp"
#include "kit/events.hpp"
#include "kit/paging.hpp"
#include "kit/ports.hpp"
#include "kit/user.hpp"

asm(R"(
        .section .user, "ax"
user_syscall:   syscall
user_after_syscall: ud2
user_ud2:       ud2
user_int3:      int3
                ud2
user_int80:     int $0x80
                ud2
user_int81:     int $0x81
                ud2
user_hlt:       hlt
user_cli:       cli
                ud2
user_in:        in $0x64, %al
                ud2
user_rdmsr:     mov $0xc0000080, %ecx
                rdmsr
user_write:     mov %rbx, (%rax)
                ud2
user_read:      mov (%rax), %rbx
                ud2
user_flags:     pushf
                pop %rax
                ud2
user_gs:        mov %gs:0, %rax
                mov %fs:0, %rbx
                ud2
user_spin:      xor %eax, %eax
1:              inc %rax
                cmp $2000000000, %rax
                jne 1b
                ud2
                .code32
user_syscall32: syscall
                ud2
user_int80_32:  int $0x80
                ud2
                .code64
        .previous
)");
extern "C" {
extern std::byte user_syscall[], user_after_syscall[], user_ud2[], user_int3[], user_int80[], user_int81[], user_hlt[],
    user_cli[], user_in[], user_rdmsr[], user_write[], user_read[], user_flags[], user_gs[], user_spin[],
    user_syscall32[], user_int80_32[];
}

namespace kit {
namespace {

Frame full_frame(const std::byte* code) {
    Frame frame = user_frame(code);
    frame.rax = 0x1111111111111111, frame.rbx = 0x2222222222222222, frame.rcx = 0x3333333333333333;
    frame.rdx = 0x4444444444444444, frame.rsi = 0x5555555555555555, frame.rdi = 0x6666666666666666;
    frame.rbp = 0x7777777777777777, frame.r8 = 0x8888888888888888, frame.r9 = 0x9999999999999999;
    frame.r10 = 0xaaaaaaaaaaaaaaaa, frame.r11 = 0xbbbbbbbbbbbbbbbb, frame.r12 = 0xcccccccccccccccc;
    frame.r13 = 0xdddddddddddddddd, frame.r14 = 0xeeeeeeeeeeeeeeee, frame.r15 = 0xf0f0f0f0f0f0f0f0;
    frame.rflags |= 0xcd5;   // CF PF AF ZF SF OF DF
    return frame;
}

void same_registers(const Frame& a, const Frame& b, Location where = Location::current()) {
    expect_equal(a.rax, b.rax, where), expect_equal(a.rbx, b.rbx, where), expect_equal(a.rdx, b.rdx, where);
    expect_equal(a.rsi, b.rsi, where), expect_equal(a.rdi, b.rdi, where), expect_equal(a.rbp, b.rbp, where);
    expect_equal(a.r8, b.r8, where), expect_equal(a.r9, b.r9, where), expect_equal(a.r10, b.r10, where);
    expect_equal(a.r12, b.r12, where), expect_equal(a.r13, b.r13, where), expect_equal(a.r14, b.r14, where);
    expect_equal(a.r15, b.r15, where), expect_equal(a.rsp, b.rsp, where);
}

// Flags that may show the IOPL take the long ways between user mode and the kernel.
Frame run_user_the_long_way(Frame frame) {
    expect_equal(call<rows::vm_assist, VMASST_CMD_enable>(VMASST_TYPE_architectural_iopl), 0);
    const Frame after = run_user(frame);
    expect_equal(call<rows::vm_assist, VMASST_CMD_disable>(VMASST_TYPE_architectural_iopl), 0);
    return after;
}

Frame run_user_both_ways(const Frame& frame, Location where = Location::current()) {
    const Frame by_short_way = run_user(frame);
    const std::uint64_t address = vcpu_info().arch.cr2;
    vcpu_info().arch.cr2 = 0;
    const Frame by_long_way = run_user_the_long_way(frame);
    if (by_long_way.vector == 14) expect_equal(vcpu_info().arch.cr2, address, where);
    expect_equal(by_long_way.vector, by_short_way.vector, where);
    expect_equal(by_long_way.error, by_short_way.error, where);
    expect_equal(by_long_way.upcall_mask, by_short_way.upcall_mask, where);
    for (auto member : {&Frame::rip, &Frame::rflags, &Frame::ss, &Frame::rcx, &Frame::r11})
        expect_equal(by_long_way.*member, by_short_way.*member, where);
    expect_equal(by_long_way.cs, by_short_way.cs, where);
    same_registers(by_long_way, by_short_way, where);
    return by_short_way;
}

constexpr auto table = std::to_array<Case>({
    {"callback_op.register", "a system call arrives with every register but rcx and r11", [] {
        const Frame before = full_frame(user_syscall);
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, system_call);
        same_registers(after, before);
        expect_equal(after.rip, in_user(user_after_syscall));
        expect_equal(after.cs, user_cs);
        expect_equal(after.ss, user_ss);
        expect_equal(after.rflags & 0xfffff, before.rflags);
        expect_equal(after.rcx, after.rip);
        expect_equal(after.r11 & 0xcd5, 0xcd5);
    }},
    {"callback_op.register", "the system call's way in masks events when it was asked to", [] {
        callback_register_t callback{};
        callback.type = CALLBACKTYPE_syscall;
        callback.flags = CALLBACKF_mask_events;
        callback.address = reinterpret_cast<xen_callback_t>(system_call_way_in);
        expect_equal(call<rows::callback_op, CALLBACKOP_register>(callback), 0);
        static unsigned mask;
        set_hook(system_call, [](Frame&) {
            mask = vcpu_info().evtchn_upcall_mask;
            return false;
        });
        for (const auto run : {run_user, run_user_the_long_way}) {
            run(user_frame(user_syscall));
            expect_equal(mask, 1);
        }
        callback.flags = 0;
        expect_equal(call<rows::callback_op, CALLBACKOP_register>(callback), 0);
        for (const auto run : {run_user, run_user_the_long_way}) {
            run(user_frame(user_syscall));
            expect_equal(mask, 0);
        }
        set_hook(system_call, nullptr);
    }},
    {"set_trap_table", "a gate of page faults masks events when it was asked to", [] {
        static unsigned mask;
        set_hook(14, [](Frame&) {
            mask = vcpu_info().evtchn_upcall_mask;
            return false;
        });
        trap_info_t gate[2]{};
        for (const trap_info_t* kits = kit_trap_table(); kits->address != 0; ++kits)
            if (kits->vector == 14) gate[0] = *kits;
        Frame frame = user_frame(user_read);
        for (const unsigned masks : {4, 0}) {
            gate[0].flags = static_cast<std::uint8_t>((gate[0].flags & 3) | masks);
            expect_equal(set_trap_table(gate), 0);
            for (const auto run : {run_user, run_user_the_long_way}) {
                expect_equal(run(frame).vector, 14);
                expect_equal(mask, masks / 4);
            }
        }
        set_hook(14, nullptr);
    }},
    {"callback_op.register", "a kernel meets none of user mode's alignment checks and nested tasks", [] {
        static std::uint64_t flags;
        for (const unsigned vector : {14u, static_cast<unsigned>(system_call)})
            set_hook(vector, [](Frame&) {
                flags = __builtin_ia32_readeflags_u64();
                return false;
            });
        for (const std::byte* code : {user_syscall, user_read})
            for (const auto run : {run_user, run_user_the_long_way}) {
                Frame frame = user_frame(code);
                frame.rflags |= 0x44000;
                expect_equal(run(frame).rflags & 0x44000, 0x44000);
                expect_equal(flags & 0x44000, 0);
            }
        for (const unsigned vector : {14u, static_cast<unsigned>(system_call)}) set_hook(vector, nullptr);
    }},
    {"callback_op.register", "a system call of 32-bit code arrives at its own way in", [] {
        Frame before = user_frame(user_syscall32);
        before.cs = FLAT_USER_CS32;
        before.rax = 20;
        const Frame after = run_user_both_ways(before);
        if (after.vector == 6) return skip("this processor has no SYSCALL in compatibility mode");
        expect_equal(after.vector, system_call32);
        expect_equal(after.cs, FLAT_USER_CS32);
        expect_equal(after.rip, in_user(user_syscall32) + 2);
        expect_equal(after.rax, 20);
    }},
    {"callback_op.register", "refuses addresses and kinds it cannot use", [] {
        callback_register_t callback{};
        callback.type = CALLBACKTYPE_event;
        callback.address = 0x0000900000000000;
        expect_equal(call<rows::callback_op, CALLBACKOP_register>(callback), -XEN_EINVAL);
        callback.type = 99;
        callback.address = reinterpret_cast<xen_callback_t>(event_way_in);
        expect_equal(call<rows::callback_op, CALLBACKOP_register>(callback), -XEN_ENOSYS);
        expect_equal(untyped::callback_op(CALLBACKOP_register, nowhere), -XEN_EFAULT);
        expect_equal(untyped::callback_op(99, &callback), -XEN_ENOSYS);
    }},
    {"callback_op.register", "takes an entry for SYSENTER", [] {
        callback_register_t callback{};
        callback.type = CALLBACKTYPE_sysenter;
        callback.address = reinterpret_cast<xen_callback_t>(event_way_in);
        expect_equal(call<rows::callback_op, CALLBACKOP_register>(callback), 0);
        callback.address = 0x0000900000000000;
        expect_equal(call<rows::callback_op, CALLBACKOP_register>(callback), -XEN_EINVAL);
    }},
    {"callback_op.unregister", "refuses what cannot be taken back", [] {
        callback_unregister_t callback{};
        callback.type = CALLBACKTYPE_sysenter;
        expect_equal(call<rows::callback_op, CALLBACKOP_unregister>(callback), -XEN_EINVAL);
        callback.type = CALLBACKTYPE_event;
        expect_equal(call<rows::callback_op, CALLBACKOP_unregister>(callback), -XEN_EINVAL);
        callback.type = CALLBACKTYPE_syscall;
        expect_equal(call<rows::callback_op, CALLBACKOP_unregister>(callback), -XEN_EINVAL);
        callback.type = CALLBACKTYPE_nmi;
        expect_equal(call<rows::callback_op, CALLBACKOP_unregister>(callback), 0);
        callback.type = 99;
        expect_equal(call<rows::callback_op, CALLBACKOP_unregister>(callback), -XEN_ENOSYS);
    }},
    {"set_callbacks", "names the three entries at once", [] {
        expect_equal(set_callbacks(event_way_in, failsafe_way_in, system_call_way_in), 0);
    }},
    {"set_callbacks", "leaves an entry that no guest may have as it was, and takes the others", [] {
        constexpr std::uint64_t crooked = 0x0000900000000000;
        expect_equal(set_callbacks(crooked, failsafe_way_in, crooked), 0);
        expect_equal(run_user_both_ways(user_frame(user_syscall)).vector, system_call);
        expect_equal(set_callbacks(crooked, crooked, system_call32_way_in), 0);
        expect_equal(run_user_both_ways(user_frame(user_syscall)).vector, system_call32);
        expect_equal(set_callbacks(event_way_in, failsafe_way_in, system_call_way_in), 0);
        expect_equal(run_user_both_ways(user_frame(user_syscall)).vector, system_call);
    }},
    {"iret", "restores every register, rcx and r11 too", [] {
        const Frame before = full_frame(user_ud2);
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, 6);
        same_registers(after, before);
        expect_equal(after.rcx, before.rcx);
        expect_equal(after.r11, before.r11);
        expect_equal(after.rip, before.rip);
        expect_equal(after.rflags & 0xfffff & ~0x10000, before.rflags);
    }},
    {"iret", "as from a system call rcx and r11 are RIP and RFLAGS", [] {
        Frame before = full_frame(user_ud2);
        before.error = VGCF_in_syscall;
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, 6);
        same_registers(after, before);
        expect_equal(after.rcx, before.rip);
        expect_equal(after.r11 & 0xcd5, before.rflags & 0xcd5);
        expect_equal(after.rip, before.rip);
    }},
    {"iret", "gives no I/O privilege and never shuts out real interrupts", [] {
        Frame before = user_frame(user_flags);
        for (const std::uint64_t interrupts : {0x000, 0x200}) {
            before.rflags = 0x3002 | interrupts;   // IOPL 3
            const Frame after = run_user(before);
            expect_equal(after.vector, 6);
            expect_equal(after.rax & 0x3200, 0x200);
        }
    }},
    {"iret", "gives the IOPL that it is asked for where flags may show it", [] {
        for (const std::uint64_t iopl : {0x3000, 0x1000, 0})
            for (const std::byte* code : {user_syscall, user_ud2}) {
                Frame before = user_frame(code);
                before.rflags |= iopl;
                expect_equal(run_user_the_long_way(before).rflags & 0x3000, iopl);
                expect_equal(run_user(before).rflags & 0x3000, 0);
            }
    }},
    {"iret", "an event that waits for the kernel to let it in comes before user mode's first instruction", [] {
        const unsigned port = port_of(bind_ipi());
        static Frame at_event;
        set_hook(event_callback, [](Frame& frame) {
            at_event = frame;
            return false;
        });
        for (const auto run : {run_user, run_user_the_long_way})
            for (const std::uint64_t flags : {0, VGCF_in_syscall}) {
            expect_equal(send(port), 0);
            expect_equal(fired(port), 0);
            Frame before = full_frame(user_ud2);
            before.error = flags;
            expect_equal(run(before).vector, 6);
            expect_equal(fired(port), 1);
            expect_equal(at_event.rip, before.rip);
            expect_equal(at_event.cs, user_cs);
            expect_equal(at_event.ss, user_ss);
            expect_equal(at_event.rflags & 0xfffff & ~0x10000, before.rflags);
            same_registers(at_event, before);
            if (flags == 0) expect_equal(at_event.rcx, before.rcx), expect_equal(at_event.r11, before.r11);
        }
        set_hook(event_callback, nullptr);
        close(port);
    }},
    {"iret", "a bad code selector ends in an exception for the kernel", [] {
        Frame before = user_frame(user_ud2);
        before.cs = 0xfffb;
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, 13);
        expect_equal(after.error, 0xfff8);
        expect_equal(after.cs, before.cs);        // the frame that could not be entered, as it was asked for
        expect_equal(after.rip, before.rip);
    }},
    {"iret", "a bad stack selector ends in an exception for the kernel", [] {
        Frame before = user_frame(user_ud2);
        before.ss = 0xfffb;
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, 13);
        expect_equal(after.error, 0xfff8);
    }},
    {"iret", "a non-canonical address ends in an exception for the kernel", [] {
        Frame before = user_frame(user_ud2);
        before.rip = 0x0000900000000000;
        for (const auto run : {run_user, run_user_the_long_way})
            for (const std::uint64_t flags : {0, VGCF_in_syscall}) {
                before.error = flags;
                const Frame after = run(before);
                expect_equal(after.vector, 13);
                expect_equal(after.rip, before.rip);
            }
    }},
    {"iret", "to the hypervisor's addresses is a page fault of the user", [] {
        Frame before = user_frame(user_ud2);
        before.rip = HYPERVISOR_VIRT_START;
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, 14);
        expect_equal(after.error, 0x14);
    }},
    {"set_trap_table", "INT n of the user goes through gates of privilege 3 only", [] {
        expect_equal(run_user_both_ways(user_frame(user_int80)).vector, 0x80);
        const Frame after = run_user_both_ways(user_frame(user_int81));
        expect_equal(after.vector, 13);
        expect_equal(after.rip, in_user(user_int81));
        if (after.error == 0x81 * 16 + 2)
            return skip("emulator's fault: QEMU 7.2 says n*16+2 at privilege 3, and stock Xen hands it on");
        expect_equal(after.error, 0x81 * 8 + 2);
    }},
    {"set_trap_table", "INT 0x80 keeps every register", [] {
        const Frame before = full_frame(user_int80);
        const Frame after = run_user_both_ways(before);
        same_registers(after, before);
        expect_equal(after.rcx, before.rcx);
        expect_equal(after.r11, before.r11);
        expect_equal(after.rip, before.rip + 2);
        expect_equal(after.rflags & 0xfffff, before.rflags);
    }},
    {"set_trap_table", "INT 0x80 of 32-bit code says so in CS", [] {
        Frame before = user_frame(user_int80_32);
        before.cs = FLAT_USER_CS32;
        const Frame after = run_user_both_ways(before);
        expect_equal(after.vector, 0x80);
        expect_equal(after.cs, FLAT_USER_CS32);
    }},
    {"set_trap_table", "int3 of the user arrives behind the instruction", [] {
        const Frame after = run_user_both_ways(user_frame(user_int3));
        expect_equal(after.vector, 3);
        expect_equal(after.rip, in_user(user_int3) + 1);
    }},
    {"set_trap_table", "privileged instructions of the user are #GP, not emulated", [] {
        for (const std::byte* code : {user_hlt, user_cli, user_in, user_rdmsr}) {
            const Frame after = run_user_both_ways(user_frame(code));
            expect_equal(after.vector, 13);
            expect_equal(after.error, 0);
        }
    }},
    {"set_trap_table", "a user's page fault says user, and cr2 is the address", [] {
        Frame frame = user_frame(user_read);
        frame.rax = 0x12345678;
        Frame after = run_user_both_ways(frame);
        expect_equal(after.vector, 14);
        expect_equal(after.error, 4);
        expect_equal(vcpu_info().arch.cr2, 0x12345678);
        frame.rip = in_user(user_write);
        frame.rax = in_user(user_write);    // read-only for the user
        after = run_user_both_ways(frame);
        expect_equal(after.vector, 14);
        expect_equal(after.error, 7);
    }},
    {"mmuext_op.new_user_baseptr", "the kernel's half is not there in user mode, nor is the hypervisor's memory readable", [] {
        Frame frame = user_frame(user_read);
        frame.rax = reinterpret_cast<std::uint64_t>(shared);
        const Frame after = run_user_both_ways(frame);
        expect_equal(after.vector, 14);
        expect_equal(after.error, 4);
        frame.rax = HYPERVISOR_VIRT_START + (3ull << 39);
        expect_equal(run_user_both_ways(frame).error, 4);
    }},
    {"mmuext_op.new_user_baseptr", "user memory is the page it was given", [] {
        Frame frame = user_frame(user_write);
        frame.rax = user_data + 16;
        frame.rbx = 0xabcdef;
        expect_equal(run_user_both_ways(frame).vector, 6);
        expect_equal(user_data_page().words[2], 0xabcdef);
    }},
    {"event_channel_op.send", "an event interrupts user mode, and returns there", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(0), 0);      // stock Xen starts each vcpu with one of 10 ms
        const unsigned timer = port_of(bind_virq(VIRQ_TIMER));
        static Frame at_event;
        set_hook(event_callback, [](Frame& frame) {
            at_event = frame;
            return false;
        });
        const std::uint64_t now = shared->vcpu_info[0].time.system_time;
        expect_equal(set_timer_op(now + 1), 0);
        const Frame after = run_user(user_frame(user_flags));
        set_hook(event_callback, nullptr);
        expect_equal(after.vector, 6);
        expect(at_event.from_user());
        expect_equal(seen.port[timer].load(), 1);
        close(timer);
    }},
    {"stack_switch", "decides where traps from user mode arrive", [] {
        Page& other = fresh_page();
        expect_equal(stack_switch(FLAT_KERNEL_SS, other.address() + page_size), 0);
        static std::uint64_t place;
        set_hook(system_call, [](Frame& frame) {
            place = reinterpret_cast<std::uint64_t>(&frame);
            return false;
        });
        std::array<std::uint64_t, 2> places{};
        for (const bool long_way : {false, true}) {
            (long_way ? run_user_the_long_way : run_user)(user_frame(user_syscall));
            places[long_way] = place;
        }
        set_hook(system_call, nullptr);
        expect_equal(stack_switch(FLAT_KERNEL_SS, trap_stack_top), 0);
        for (const std::uint64_t each : places) expect_equal(each + sizeof(Frame), other.address() + page_size);
    }},
    {"set_segment_base", "FS and the user's GS follow the call; the kernel's GS is apart", [] {
        Page& kernel = fresh_page();
        kernel.words[0] = 31;
        user_data_page().words[0] = 41;
        user_data_page().words[1] = 51;
        expect_equal(set_segment_base(SEGBASE_GS_KERNEL, kernel.address()), 0);
        expect_equal(set_segment_base(SEGBASE_GS_USER, user_data), 0);
        expect_equal(set_segment_base(SEGBASE_FS, user_data + 8), 0);
        std::uint64_t value;
        asm volatile("mov %%gs:0, %0" : "=r"(value));
        expect_equal(value, 31);
        const Frame after = run_user_both_ways(user_frame(user_gs));
        expect_equal(after.vector, 6);
        expect_equal(after.rax, 41);
        expect_equal(after.rbx, 51);
        asm volatile("mov %%gs:0, %0" : "=r"(value));
        expect_equal(value, 31);
    }},
    {"set_segment_base", "refuses non-canonical bases and unknown registers", [] {
        expect_equal(set_segment_base(SEGBASE_FS, 0x0000900000000000), -XEN_EINVAL);
        expect_equal(set_segment_base(SEGBASE_GS_USER, 0x0000900000000000), -XEN_EINVAL);
        expect_equal(set_segment_base(SEGBASE_GS_KERNEL, 0x0000900000000000), -XEN_EINVAL);
        expect_equal(set_segment_base(77, 0), -XEN_EINVAL);
        expect_equal(set_segment_base(SEGBASE_GS_USER_SEL, 0), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
