/* Into a guest of VMX's and back: SDM 3C 26, 27. The CPU's stack is empty, and interrupts are off. What the VMCS does not switch
   has been loaded when the vcpu was switched to. */
#include <offsets.h>
#include "machine/entry_macros.h"

#define HOST_RSP 0x6c14

    .text
    .balign 64
    .globl enter_vmx_guest
enter_vmx_guest:
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi
    call vmx_before_entry
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi
    push %rdi
    mov $HOST_RSP, %edx
    vmwrite %rsp, %rdx
    test %al, %al
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
    mov R_RAX(%rdi), %rax
    mov R_RCX(%rdi), %rcx
    mov R_RDX(%rdi), %rdx
    mov R_RSI(%rdi), %rsi
    mov R_RDI(%rdi), %rdi
    jz 1f
    vmresume
    jmp 2f
1:  vmlaunch
2:  pop %rdi
    call vmx_entry_refused
    jmp enter_guests

    .globl vmx_exit_point
vmx_exit_point:
    push %rdi
    mov 8(%rsp), %rdi
    mov %rax, R_RAX(%rdi)
    pop %rax
    mov %rax, R_RDI(%rdi)
    pop %rdi
    mov %rsi, R_RSI(%rdi)
    mov %rdx, R_RDX(%rdi)
    mov %rcx, R_RCX(%rdi)
    mov %r8, R_R8(%rdi)
    mov %r9, R_R9(%rdi)
    mov %r10, R_R10(%rdi)
    mov %r11, R_R11(%rdi)
    store_kept
    call vmx_guest_left
    cmpl $0, CPU_WORK - CPU_BLOCK(%rsp)
    jne enter_guests
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %rax
    movzwl (%rax), %eax         /* as on the way to any guest: entry.S */
    dec %eax
    cmp $0xfe, %eax
    ja enter_vmx_guest
    jmp enter_guests
