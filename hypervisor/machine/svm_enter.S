/* Into a guest of SVM's and back: APM 2 15.5. The CPU's stack is empty, and interrupts are off. What VMRUN does not switch is
   loaded and stored around it, so that Basalt never runs with a guest's TR: its NMIs have their stacks by it. GIF is clear for
   as long as any of it is the guest's. */
#include <offsets.h>
#include "machine/entry_macros.h"

    .text
    .balign 64
    .globl enter_svm_guest
enter_svm_guest:
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi
    push %rdi
    mov V_CONTROL_BLOCK(%rdi), %rax
    clgi
    sti                         /* the guest runs with physical interrupts let in: each is an exit */
    vmload %rax
    mov R_R15(%rdi), %r15
    mov R_R14(%rdi), %r14
    mov R_R13(%rdi), %r13
    mov R_R12(%rdi), %r12
    mov R_RBP(%rdi), %rbp
    mov R_RBX(%rdi), %rbx
    mov R_R11(%rdi), %r11
    mov R_R10(%rdi), %r10
    mov R_R9(%rdi), %r9
    mov R_R8(%rdi), %r8
    mov R_RCX(%rdi), %rcx
    mov R_RDX(%rdi), %rdx
    mov R_RSI(%rdi), %rsi
    mov R_RDI(%rdi), %rdi
    vmrun %rax
    vmsave %rax
    mov CPU_HOST_STATE - CPU_BLOCK + 8(%rsp), %rax
    vmload %rax
    mov (%rsp), %rax
    mov %rdi, R_RDI(%rax)
    pop %rdi
    mov %rsi, R_RSI(%rdi)
    mov %rdx, R_RDX(%rdi)
    mov %rcx, R_RCX(%rdi)
    mov %r8, R_R8(%rdi)
    mov %r9, R_R9(%rdi)
    mov %r10, R_R10(%rdi)
    mov %r11, R_R11(%rdi)
    store_kept
    cli
    stgi                        /* an NMI that has waited comes here */
    cld
    call svm_guest_left
    cmpl $0, CPU_WORK - CPU_BLOCK(%rsp)
    jne enter_guests
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %rax
    movzwl (%rax), %eax         /* as on the way to any guest: entry.S */
    dec %eax
    cmp $0xfe, %eax
    ja enter_svm_guest
    jmp enter_guests
