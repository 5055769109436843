/* NMI, #MC, #DB and #DF, which have stacks of their own because they come at any instruction: #DB too, since MOV SS can
   put it on SYSCALL's first. */
#include <offsets.h>
#include "machine/entry_macros.h"

    .section .entry.text, "ax", @progbits

    /* From ring 3 they move to where other exceptions of ring 3 land, and go back by the common way out. From ring 0 they
       return to exactly where they were, which may be any instruction here. */
    .macro move_to_vcpu         /* RDI: the vcpu's Registers; RSP: the CPU's stack */
    mov %rsp, %rsi
    mov %rsp, %rax
    and $-CPU_BLOCK, %rax
    mov CPU_RUNNING_REGISTERS(%rax), %rdi
    mov %rdi, %rax
    mov $R_SIZE / 8, %ecx
    rep movsq
    mov %rax, %rdi
    mov R_SIZE(%rdi), %rsp
    .endm

    .macro on_own_stack name, number, from_guest, way_out, from_hypervisor, way_back
    .balign 16
    .globl \name
\name:
    push $0
    push $\number
    push_other_registers
    push_kept_registers
    cld
    access_off
    testb $3, R_CS(%rsp)
    jz 1f
    move_to_vcpu
    call_far \from_guest
    jmp \way_out
1:  mov %rsp, %rdi
    call_far \from_hypervisor
    jmp \way_back
    .endm

    on_own_stack debug_entry, 1, guest_exception, return_to_guest, hypervisor_exception, return_to_hypervisor
    on_own_stack nmi_entry, 2, guest_nmi, let_nmis_in, hypervisor_nmi, return_to_hypervisor
    on_own_stack machine_check_entry, 18, guest_machine_check, return_to_guest, hypervisor_machine_check, return_from_machine_check

    /* Only an IRET lets further NMIs in. The way out may be another vcpu's, and by SYSRET: so there is one here. */
let_nmis_in:
    mov %rsp, %rax
    mov %cs, %ecx
    push $0
    push %rax
    pushfq
    push %rcx
    lea return_to_guest(%rip), %rax
    push %rax
    iretq

    /* And none while an NMI's stack is in use: the next one would land on the same frame. What came there goes back
       by RET; below that stack's pointer there is nothing to keep. */
return_from_machine_check:
    cmpq $WITHIN_NMI, R_VECTOR(%rsp)
    jne return_to_hypervisor
    mov R_RSP(%rsp), %rax
    mov R_RIP(%rsp), %rcx
    mov %rcx, -8(%rax)
    mov R_RFLAGS(%rsp), %rcx
    mov %rcx, -16(%rax)
    sub $16, %rax
    mov %rax, R_RSP(%rsp)
    pop_registers
    mov R_RSP - R_VECTOR(%rsp), %rsp
    popfq
    ret

    .balign 16
    .globl double_fault_entry
double_fault_entry:             /* does not return */
    push $8
    push_other_registers
    push_kept_registers
    mov %rsp, %rdi
    cld
    access_off
    call_far double_fault

    /* Halts until an interrupt comes; nothing gets in between STI and HLT (SDM 2B, STI), but an NMI and what it raised:
       those step over the HLT. */
    .text
    .globl sleep_until_interrupt, sleeping, awake
sleep_until_interrupt:
    sti
sleeping:
    hlt
awake:
    cli
    ret
