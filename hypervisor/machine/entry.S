/* How ring 3 comes in and goes out. SYSCALL comes with no stack: this page is mapped once for each CPU, with that CPU's
   EntryData behind it, and LSTAR leads to the CPU's own, so entry_data(%rip) is the right one there, and only there.
   The gates are the same for every CPU, so that SIDT tells nothing, and lead to the image: what comes through them finds
   its CPU by its stack. C++ is far away and called by absolute address.

   From ring 3, exceptions and interrupts land on RSP0, the end of the running vcpu's Registers, and SYSCALL goes there
   by itself; C++ runs on the CPU's stack, which is empty then, and which a word behind the Registers names. From ring 0
   they stay on the stack they came to. Only #DB, NMI, #MC and #DF have interrupt stacks. GS is never used, so nothing
   here has a moment of not knowing whose it is. */
#include <offsets.h>
#include "machine/entry_macros.h"

/* Registers of guest_system_call's caller that C++ keeps are not in the frame until they are needed there. */
#define KEPT_BYTES 48

    .section .entry.text, "ax", @progbits

    /* --- SYSCALL: RCX is the return address, R11 the flags; FMASK has cleared IF, DF, AC, TF and NT. --- */
    .balign 64
    .globl system_call_entry
system_call_entry:
    mov %rsp, ENTRY_GUEST_STACK + entry_data(%rip)
    mov ENTRY_RSP0 + entry_data(%rip), %rsp
system_call_on_own_stack:
    on_guest_stack system_call_entry, system_call_on_own_stack
    cmpb $0, V_IN_KERNEL - R_SIZE(%rsp)     /* whoever comes here is a PV guest's: no other kind runs in ring 3 */
    je short_system_call
    cmp $CALL_IRET, %rax
    je short_return
    .globl long_system_call
long_system_call:
    push $GUEST_SS
    push ENTRY_GUEST_STACK + entry_data(%rip)
    push %r11
    push $GUEST_CS
    push %rcx
    push $0
    push $BY_SYSTEM_CALL
    push_other_registers
    lea -KEPT_BYTES(%rsp), %rdi
    mov ENTRY_CPU_STACK + entry_data(%rip), %rsp
    call_far guest_system_call

    cmpl $0, CPU_WORK - CPU_BLOCK(%rsp)
    jne system_call_with_work
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %rax
    movzwl (%rax), %eax         /* pending | masked << 8: deliverable if not 0, and masked is */
    dec %eax
    cmp $0xfe, %eax
    jbe system_call_with_work
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi

    cmpl $BY_SYSTEM_CALL, R_VECTOR(%rdi)
    jne system_call_by_iret
    mov R_RIP(%rdi), %rcx
    mov %rcx, %r11              /* SYSRET to an address that is not canonical faults in ring 0 on Intel */
    sar $47, %r11
    inc %r11
    cmp $1, %r11
    ja system_call_by_iret
sysret_without_kept:
    mov R_RFLAGS(%rdi), %r11
    mov R_RAX(%rdi), %rax
    mov R_R8(%rdi), %r8
    mov R_R9(%rdi), %r9
    mov R_R10(%rdi), %r10
    mov R_RDX(%rdi), %rdx
    mov R_RSI(%rdi), %rsi
    mov R_RSP(%rdi), %rsp
sysret_on_guest_stack:
    mov R_RDI(%rdi), %rdi
    sysretq
sysret_is_over:
    on_guest_stack sysret_on_guest_stack, sysret_is_over

system_call_with_work:          /* the vcpu may be switched out: complete its frame */
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi
    store_kept
    jmp work
system_call_by_iret:
    store_kept
    jmp return_by_iret

    /* SYSCALL of 32-bit code (AMD): rare, and goes the long way. */
    .balign 16
    .globl compatible_system_call_entry
compatible_system_call_entry:
    mov %rsp, ENTRY_GUEST_STACK + entry_data(%rip)
    mov ENTRY_RSP0 + entry_data(%rip), %rsp
compatible_system_call_on_own_stack:
    on_guest_stack compatible_system_call_entry, compatible_system_call_on_own_stack
    push $GUEST_SS
    push ENTRY_GUEST_STACK + entry_data(%rip)
    push %r11
    push $GUEST_CS_COMPATIBLE
    mov %ecx, %ecx
    push %rcx
    push $0
    push $BY_COMPATIBLE_SYSTEM_CALL
    push_other_registers
    push_kept_registers
    mov %rsp, %rdi
    mov ENTRY_CPU_STACK + entry_data(%rip), %rsp
    call_far guest_compatible_system_call
    jmp return_to_guest

    /* --- exceptions: the CPU has pushed SS to RIP, the stub an error code if the CPU had none, and the vector --- */
    .balign 16
    .globl exception
exception:
    push_other_registers
    push_kept_registers
    mov %rsp, %rdi
    cld
    access_off
    testb $3, R_CS(%rdi)
    jz 1f
    mov R_SIZE(%rdi), %rsp
    call_far guest_exception
    jmp return_to_guest
1:  call_far hypervisor_exception
    jmp return_to_hypervisor

    /* The stub pushed what fits in a byte, which the CPU extended with its sign. */
    .balign 16
interrupt:
    push (%rsp)
    andq $0xff, (%rsp)
    movq $0, 8(%rsp)
    push_other_registers
    push_kept_registers
    mov %rsp, %rdi
    cld
    access_off
    testb $3, R_CS(%rdi)
    jz 1f
    mov R_SIZE(%rdi), %rsp
    call_far guest_interrupt
    jmp return_to_guest
1:  call_far hypervisor_interrupt

    .globl return_to_hypervisor
return_to_hypervisor:
    pop_registers
    add $16, %rsp
    iretq

    /* --- the way out: RSP is the CPU's stack, empty --- */
    .balign 16
    .globl return_to_guest
return_to_guest:
    cmpl $0, CPU_WORK - CPU_BLOCK(%rsp)
    jne work
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %rax
    movzwl (%rax), %eax
    dec %eax
    cmp $0xfe, %eax
    ja restore
work:
    call_far before_guest_entry
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi
    cmpl $IN_SVM_GUEST, R_VECTOR(%rdi)
    je enter_hardware_guest
    cmpl $IN_VMX_GUEST, R_VECTOR(%rdi)
    je 1f
restore:
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK(%rsp), %rdi
    cmpl $BY_SYSTEM_CALL, R_VECTOR(%rdi)
    jne return_by_iret
    mov R_RIP(%rdi), %rcx
    mov %rcx, %r11
    sar $47, %r11
    inc %r11
    cmp $1, %r11
    ja return_by_iret
    mov R_RBX(%rdi), %rbx
    mov R_RBP(%rdi), %rbp
    mov R_R12(%rdi), %r12
    mov R_R13(%rdi), %r13
    mov R_R14(%rdi), %r14
    mov R_R15(%rdi), %r15
    jmp sysret_without_kept

    /* From the CPU's stack, because a faulting IRET overwrites what lies below its frame. */
return_by_iret:
    push R_SS(%rdi)
    push R_RSP(%rdi)
    push R_RFLAGS(%rdi)
    push R_CS(%rdi)
    push R_RIP(%rdi)
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
    .globl guest_iret
guest_iret:
    iretq

    /* RSP leads to the frame that was refused. hypervisor_exception has put vector and error code into the guest's Registers */
    .globl guest_iret_faulted
guest_iret_faulted:
    complete_registers
    call_far guest_return_fault
    jmp return_to_guest

    may_fault guest_iret, guest_iret_faulted

enter_hardware_guest:           /* svm_enter.S, which is in the image alone */
    movabs $enter_svm_guest, %rax
    jmp *%rax
1:  movabs $enter_vmx_guest, %rax       /* vmx_enter.S */
    jmp *%rax

    .globl enter_guests
enter_guests:
    empty_cpu_stack
    jmp work

    /* --- stubs, found by their size: 16 bytes for each exception, 8 for each interrupt --- */
    .balign 16
    .globl exception_stubs
exception_stubs:
    number = 0
    .rept 32
    .balign 16
    /* SDM 3A table 6-1: these push an error code */
    .if number != 8 && number != 10 && number != 11 && number != 12 && number != 13 && number != 14 && number != 17 && number != 21
    push $0
    .endif
    push $number
    .if number == 14
    jmp short_page_fault
    .else
    jmp exception
    .endif
    number = number + 1
    .endr
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:
    number = 32
    .rept 224
    .balign 8
    .byte 0x6a, number   /* push imm8 */
    jmp interrupt
    number = number + 1
    .endr
    .globl entry_text_last
entry_text_last:

    .section .entry.data, "aw", @progbits
    .balign 4096
    .globl entry_data
entry_data:
    .skip 4096
