// RUN: %boot-guest --options hvm=yes --cpus 2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// When a hardware-assisted guest's vcpu hears of what has come before it listened, and what INIT leaves of it. Kernels of 64 bits at
// 0x1000, which call; what they have seen is from 0x2000 on, their structures from 0x2f00.
#include "kit/case.hpp"
#include "kit/hardware_domain.hpp"

namespace kit {
namespace {

asm(R"(
        .section .rodata
        .macro kernel64 name
        .code64
\name\()_start:
        lgdt    8f - \name\()_start + 0x1000
        lidt    9f - \name\()_start + 0x1000
        mov     $0x3f00, %esp
        movw    $7f - \name\()_start + 0x1000, 0x7000 + 16 * 0x40       # the gate of vector 0x40
        movw    $8, 0x7000 + 16 * 0x40 + 2
        movw    $0x8e00, 0x7000 + 16 * 0x40 + 4
        mov     $0x1b, %ecx
        rdmsr
        or      $0xc00, %eax
        wrmsr
        jmp     6f
        .balign 8
5:      .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff
8:      .word   0x17
        .quad   5b - \name\()_start + 0x1000
9:      .word   0xfff
        .quad   0x7000
7:      incl    0x2000
        movb    $0, 0x8000                      # evtchn_upcall_pending
        push    %rax
        push    %rcx
        push    %rdx
        mov     $0x80b, %ecx
        xor     %eax, %eax
        xor     %edx, %edx
        wrmsr
        pop     %rdx
        pop     %rcx
        pop     %rax
        iretq
6:      push    $8
        push    $(4f - \name\()_start + 0x1000)
        lretq
4:
        .endm
        .macro write_x2apic register, value
        mov     $0x800 + \register, %ecx
        mov     $\value, %eax
        xor     %edx, %edx
        wrmsr
        .endm
        .macro send_to_other command
        mov     $0x830, %ecx
        mov     $\command, %eax
        mov     $2, %edx
        wrmsr
        .endm
        .macro call64 number, first, second
        mov     $\number, %eax
        mov     $\first, %edi
        mov     $\second, %esi
        vmmcall
        .endm
        .macro power_off
        movl    $0, 0x2ff0
        call64  29, 2, 0x2ff0
        .endm
        .macro wait_for address, value          # for long, not for ever
        mov     $20000, %ebx
1:      cmpl    $\value, \address
        je      2f
        call64  29, 0, 0
        dec     %ebx
        jnz     1b
2:
        .endm

        # It has an interrupt, lets it in, and says at once that it has nothing to do.
        kernel64 blocks
        write_x2apic 0xf, 0x1ff
        write_x2apic 0x3f, 0x40
        mov     $29, %eax
        mov     $1, %edi
        xor     %esi, %esi
        sti
        vmmcall
        cli
        hlt
blocks_end:

        # The same, and waits for a port.
        kernel64 polls
        write_x2apic 0xf, 0x1ff
        write_x2apic 0x3f, 0x40
        movq    $0, 0x2f00
        call64  32, 7, 0x2f00                   # bind_ipi
        movq    $0x2f04, 0x2f10
        movq    $1, 0x2f18
        movq    $0, 0x2f20
        mov     $29, %eax
        mov     $3, %edi
        mov     $0x2f10, %esi
        sti
        vmmcall
        cli
        hlt
polls_end:

        # An event comes, and only then it says by which vector (0), by which callback (1), or lets its local APIC hear (2).
        kernel64 listens_late
        movq    $0x7ff0, 0x2f00                 # the shared page at 0x8000
        movq    $0, 0x2f08
        movq    $8, 0x2f10
        mov     %ebx, %ebp
        call64  12, 7, 0x2f00
        movq    $0, 0x2f20
        call64  32, 7, 0x2f20
        movl    $0, 0x2f30
        movl    $0x40, 0x2f34
        cmp     $2, %ebp
        je      1f
        write_x2apic 0xf, 0x1ff
1:      jb      1f
        call64  34, 23, 0x2f30                  # HVMOP_set_evtchn_upcall_vector
1:      call64  32, 4, 0x2f24                   # send
        movzbl  0x8000, %eax
        mov     %eax, 0x2004
        cmp     $1, %ebp
        ja      3f
        je      2f
        call64  34, 23, 0x2f30
        jmp     4f
2:      movq    $0x7ff0, 0x2f40
        mov     $0x0200000000000040, %rax
        mov     %rax, 0x2f48
        call64  34, 0, 0x2f40
        jmp     4f
3:      write_x2apic 0xf, 0x1ff
4:      sti
        nop
        cli
        hlt
listens_late_end:

        # Vcpu 1 counts its starts at 0x2008.
        .macro copy_other name
        mov     $(\name\()_other - \name\()_start + 0x1000), %esi
        mov     $0x9000, %edi
        mov     $(\name\()_end - \name\()_other), %ecx
        rep movsb
        .endm
        .macro wait_until_down
        mov     $20000, %ebp
1:      call64  24, 3, 1                        # VCPUOP_is_up
        test    %eax, %eax
        jz      2f
        call64  29, 0, 0
        dec     %ebp
        jnz     1b
2:
        .endm
        kernel64 ups_another
        copy_other ups_another
        write_x2apic 0xf, 0x1ff
        call64  24, 1, 1                        # VCPUOP_up
        mov     %eax, 0x2010
        send_to_other 0x4500
        send_to_other 0x4609
        wait_for 0x2008, 1
        send_to_other 0x4500
        wait_until_down
        call64  24, 1, 1
        mov     %eax, 0x2014
        send_to_other 0x4609
        wait_for 0x2008, 2
        power_off
        .code16
ups_another_other:
        xor     %ax, %ax
        mov     %ax, %ds
        incw    0x2008
1:      pause
        jmp     1b
ups_another_end:

        # Vcpu 1 stays in its NMI, and has another one waiting when it is started anew.
        kernel64 forgets_nmis
        copy_other forgets_nmis
        movl    $(forgets_nmis_nmi - forgets_nmis_other + 0x9000), 8
        write_x2apic 0xf, 0x1ff
        send_to_other 0x4500
        send_to_other 0x4609
        wait_for 0x2008, 1
        send_to_other 0x4400
        wait_for 0x200c, 1
        send_to_other 0x4400
        send_to_other 0x4500
        wait_until_down
        send_to_other 0x4609
        wait_for 0x2008, 2
        wait_for 0x2018, 2
        mov     0x200c, %eax
        mov     %eax, 0x2010
        send_to_other 0x4400
        wait_for 0x200c, 2
        power_off
        .code16
forgets_nmis_other:
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %ss
        mov     $0xa000, %sp
        incw    0x2008
        mov     $2000, %cx
1:      pause
        loop    1b
        incw    0x2018
1:      pause
        jmp     1b
forgets_nmis_nmi:
        incw    %cs:0x200c
1:      pause
        jmp     1b
forgets_nmis_end:
        .code64
        .previous
)");

#define KERNEL(name)                                         \
    extern "C" const std::byte name##_start[], name##_end[]; \
    std::span<const std::byte> name() { return {name##_start, name##_end}; }

KERNEL(blocks)
KERNEL(polls)
KERNEL(listens_late)
KERNEL(ups_another)
KERNEL(forgets_nmis)

HardwareDomain of_64_bits(std::span<const std::byte> instructions, std::uint32_t argument = 0, unsigned vcpus = 1) {
    return HardwareDomain(instructions, argument, HardwareDomain::Mode::bits_64, vcpus);
}

// One that sleeps where it should not is told of here, and not by the silence of this guest.
void expect_powered_off(const HardwareDomain& domain) {
    expect_equal(domain.trouble, 0);
    domain.start();
    for (unsigned asleep = 0; !domain.has_ended();) {
        call<rows::sched_op, SCHEDOP_yield>();
        asleep = (domain.info().flags & XEN_DOMINF_blocked) != 0 ? asleep + 1 : 0;
        if (!expect(asleep < 20'000)) return;
    }
    expect_equal(domain.ended(), unsigned{SHUTDOWN_poweroff});
}

void expect_heard(std::uint32_t how) {
    const HardwareDomain domain = of_64_bits(listens_late(), how);
    expect_powered_off(domain);
    expect_equal(domain.word(1), 1u);   // there was something to hear of
    if (on_stock_xen())
        expect(domain.word(0) != 0);    // which says it twice where it is a callback
    else
        expect_equal(domain.word(0), 1u);
    expect_equal(domain.destroy(), 0);
}

// Stock Xen lets nothing in behind STI, not even to end a sleep: it sleeps for ever.
constexpr std::string_view sleeps_on_xen = "Basalt's own promise: on stock Xen a guest that calls right behind STI sleeps for ever";

constexpr auto table = std::to_array<Case>({
    {"sched_op.block", "does not sleep where an interrupt waits for such a guest", [] {
        if (on_stock_xen()) return skip(sleeps_on_xen);
        const HardwareDomain domain = of_64_bits(blocks());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 1u);
        expect_equal(domain.destroy(), 0);
    }},
    {"sched_op.poll", "does not sleep where an interrupt waits for such a guest", [] {
        if (on_stock_xen()) return skip(sleeps_on_xen);
        const HardwareDomain domain = of_64_bits(polls());
        expect_powered_off(domain);
        expect_equal(domain.word(0), 1u);
        expect_equal(domain.destroy(), 0);
    }},
    {"hvm_op.set_evtchn_upcall_vector", "tells of what has come before", [] { expect_heard(0); }},
    {"hvm_op.set_param", "tells of what has come before, where it is how a guest hears", [] { expect_heard(1); }},
    {"hvm_op.set_evtchn_upcall_vector", "tells of what has come while the local APIC was off", [] { expect_heard(2); }},
    {"vcpu_op.up", "starts no vcpu that waits for a start-up message", [] {
        const HardwareDomain domain = of_64_bits(ups_another(), 0, 2);
        expect_powered_off(domain);
        expect_equal(domain.word(4), static_cast<std::uint32_t>(-XEN_EINVAL));
        expect_equal(domain.word(5), static_cast<std::uint32_t>(-XEN_EINVAL));
        expect_equal(domain.word(2), 2u);
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("local APICs"), "forget by INIT that an NMI goes on, and that another waits", [] {
        const HardwareDomain domain = of_64_bits(forgets_nmis(), 0, 2);
        expect_powered_off(domain);
        expect_equal(domain.word(2), 2u);
        expect_equal(domain.word(4), 1u);   // NMIs by then
        if (!on_stock_xen()) expect_equal(domain.word(3), 2u);   // which waits for the IRET, though that never comes
        expect_equal(domain.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
