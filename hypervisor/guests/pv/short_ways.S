/* The ways a PV guest takes most, between its user mode and its kernel, without C++: a system call, a page fault of user mode,
   and the iret hypercall back to it. Each does what C++ does for the same (guest_system_call and enter_kernel.cpp, exceptions.cpp,
   return_from_kernel.cpp), where nothing else is to be done: the CPU has no work, no event waits or is shut out, the flags show
   no IOPL. Whatever else there is, and every fault of the guest's memory, is left to C++, which finds all as if the short way
   had not been tried: what has changed by then are words of Registers that an entry writes anyway, and the guest's own stack below
   what is in use, and the tables are loaded again that were.

   NMI, #MC and #DB come between any two instructions here, on stacks of their own. Where memory of the guest's is touched, RSP
   is the CPU's stack, so that a fault comes there. */
#include <offsets.h>
#include "machine/entry_macros.h"

/* translations/flush_time.hpp: basalt::flush_clock */
#define FLUSH_CLOCK _ZN6basalt11flush_clockE

/* Addresses from layout::start to layout::end, shifted so that all of them are this. */
#define OWN_SLOTS_SHIFT 43
#define OWN_SLOTS -16

    .section .entry.text, "ax", @progbits

    /* switch_root(): what was dropped before the clock is read is forgotten. Clobbers RAX and `other`; `pushed`: bytes on the
       CPU's stack. */
    .macro load_root root, other, pushed=0
    mov \root, \other
    shl $12, \other
    mov \other, CPU_ROOT - CPU_BLOCK + \pushed(%rsp)
    movabs FLUSH_CLOCK, %rax
    mov \other, %cr3
    mov %rax, CPU_FLUSHED_AT - CPU_BLOCK + \pushed(%rsp)
    .endm

    .macro leave_if_shown_iopl registers, otherwise
    mov V_DOMAIN(\registers), %rax
    testb $ARCHITECTURAL_IOPL, DOMAIN_ASSISTS(%rax)
    jnz \otherwise
    .endm

    .macro leave_if_own address, scratch, otherwise
    mov \address, \scratch
    sar $OWN_SLOTS_SHIFT, \scratch
    cmp $OWN_SLOTS, \scratch
    je \otherwise
    .endm

    /* From user mode into the kernel. RDX: Registers; RSP: the CPU's stack. Its tables are loaded, and RCX is where a frame of
       `bytes` goes, or nothing has changed. Clobbers RAX, RCX and R11. */
    .macro prepare_kernel gate, bytes, otherwise
    cmpl $0, CPU_WORK - CPU_BLOCK(%rsp)
    jne \otherwise
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %rax
    cmpw $0, (%rax)             /* neither pending nor masked */
    jne \otherwise
    leave_if_shown_iopl %rdx, \otherwise
    cmpq $0, \gate(%rdx)
    je \otherwise
    mov V_KERNEL_SP(%rdx), %rcx
    and $-16, %rcx
    sub $\bytes, %rcx
    jc \otherwise
    leave_if_own %rcx, %rax, \otherwise
    load_root V_KERNEL_ROOT(%rdx), %r11
    .endm

    .macro to_frame word, offset, otherwise
78: mov \word, \offset(%rcx)
    may_fault 78b, \otherwise
    .endm

    /* The frame is written: nothing can go wrong any more. RSP becomes the guest's, which is known to lie outside Basalt's slots:
       so nobody takes it for one of Basalt's stacks, and this is no stretch for on_guest_stack. */
    .macro enter_kernel gate, masks_events, flags_off
    swapgs
    movb $1, V_IN_KERNEL(%rdx)
    movb \masks_events(%rdx), %al
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %r11
    or %al, INFO_MASK(%r11)
    mov %rcx, %rsp
    mov \gate(%rdx), %rcx
    mov R_RFLAGS(%rdx), %r11
    and $~(\flags_off), %r11
    mov R_RAX(%rdx), %rax
    mov R_RDX(%rdx), %rdx
    sysretq
    .endm

    /* --- a system call: RSP is RSP0, RCX the return address, R11 the flags --- */
    .balign 16
    .globl short_system_call
short_system_call:
    mov %rdx, R_RDX - R_SIZE(%rsp)
    lea -R_SIZE(%rsp), %rdx
    mov %rax, R_RAX(%rdx)
    mov %rcx, R_RIP(%rdx)
    mov %r11, R_RFLAGS(%rdx)
    mov R_SIZE(%rdx), %rsp
    prepare_kernel V_SYSCALL, 56, long_way_in
    mov R_RIP(%rdx), %rax
    mov R_RFLAGS(%rdx), %r11
    access_on
    to_frame %rax, 0, system_call_has_no_stack      /* RCX */
    to_frame %r11, 8, system_call_has_no_stack      /* R11 */
    to_frame %rax, 16, system_call_has_no_stack     /* RIP */
    mov ENTRY_GUEST_STACK + entry_data(%rip), %rax
    to_frame %r11, 32, system_call_has_no_stack     /* RFLAGS */
    to_frame %rax, 40, system_call_has_no_stack     /* RSP */
    mov $GUEST_CS, %eax
    to_frame %rax, 24, system_call_has_no_stack     /* CS */
    mov $GUEST_SS, %eax
    to_frame %rax, 48, system_call_has_no_stack     /* SS */
    access_off
    enter_kernel V_SYSCALL, V_SYSCALL_MASKS_EVENTS, FLAGS_NOT_IN_HANDLER | FLAG_DIRECTION

system_call_has_no_stack:
    access_off
    load_root V_USER_ROOT(%rdx), %r11
long_way_in:
    mov R_RIP(%rdx), %rcx
    mov R_RFLAGS(%rdx), %r11
    mov R_RAX(%rdx), %rax
    lea R_SIZE(%rdx), %rsp
    mov R_RDX(%rdx), %rdx
    jmp long_system_call

    /* --- a page fault: the CPU has pushed its frame, the stub the vector --- */
    .balign 16
    .globl short_page_fault
short_page_fault:
    testb $3, R_CS - R_VECTOR(%rsp)
    jz exception
    cmpb $0, V_IN_KERNEL - R_VECTOR(%rsp)
    jne exception
    mov %rdx, R_RDX - R_VECTOR(%rsp)
    lea -R_VECTOR(%rsp), %rdx
    mov %rax, R_RAX(%rdx)
    mov %rcx, R_RCX(%rdx)
    mov %r11, R_R11(%rdx)
    mov R_SIZE(%rdx), %rsp
    mov %cr2, %rcx
    mov %rcx, R_RDI(%rdx)       /* it waits there: a fault of the frame changes CR2 */
    leave_if_own %rcx, %rax, long_exception
    prepare_kernel V_PAGE_FAULT, 64, long_exception
    access_on
    mov R_RCX(%rdx), %rax
    to_frame %rax, 0, page_fault_has_no_stack
    mov R_R11(%rdx), %rax
    to_frame %rax, 8, page_fault_has_no_stack
    mov R_ERROR_CODE(%rdx), %eax
    to_frame %rax, 16, page_fault_has_no_stack
    mov R_RIP(%rdx), %rax
    to_frame %rax, 24, page_fault_has_no_stack
    movzwl R_CS(%rdx), %eax
    to_frame %rax, 32, page_fault_has_no_stack
    mov R_RFLAGS(%rdx), %rax
    to_frame %rax, 40, page_fault_has_no_stack
    mov R_RSP(%rdx), %rax
    to_frame %rax, 48, page_fault_has_no_stack
    mov R_SS(%rdx), %rax
    to_frame %rax, 56, page_fault_has_no_stack
    access_off
    mov CPU_UPCALL_BYTES - CPU_BLOCK(%rsp), %r11
    mov R_RDI(%rdx), %rax
    mov %rax, INFO_CR2(%r11)
    enter_kernel V_PAGE_FAULT, V_PAGE_FAULT_MASKS_EVENTS, FLAGS_NOT_IN_HANDLER

page_fault_has_no_stack:
    access_off
    load_root V_USER_ROOT(%rdx), %r11
    mov R_RDI(%rdx), %rax
    mov %rax, %cr2
long_exception:
    mov R_RCX(%rdx), %rcx
    mov R_R11(%rdx), %r11
    mov R_RAX(%rdx), %rax
    lea R_VECTOR(%rdx), %rsp
    mov R_RDX(%rdx), %rdx
    jmp exception

    /* --- the iret hypercall: RSP is RSP0, RAX the call's number. Each word of the guest's frame is read once --- */
    .macro from_frame instruction:vararg
79: \instruction
    may_fault 79b, frame_refused
    .endm

    /* To RAX: flags that user mode may have. A frame that keeps events out goes the long way. */
    .macro flags_from_frame
    from_frame mov IRET_RFLAGS(%rcx), %rax
    test $FLAG_INTERRUPTS, %eax
    jz frame_refused
    and $FLAGS_OF_USER, %eax
    or $FLAGS_ALWAYS, %eax
    .endm

    /* To RAX: CS. Only user mode's: privilege 3. */
    .macro code_selector_from_frame
    from_frame movzwl IRET_CS(%rcx), %eax
    inc %eax
    test $3, %al
    jnz frame_refused
    dec %eax
    .endm

    /* R11: Registers. Events are let in before it is seen whether one waits (loading CR3 waits for the store): whoever sends
       one then either sees them let in, or is seen. RCX leads to the vcpu_info. */
    .macro enter_user pushed
    access_off
    swapgs
    movb $0, V_IN_KERNEL(%r11)
    mov CPU_UPCALL_BYTES - CPU_BLOCK + \pushed(%rsp), %rcx
    movb $0, INFO_MASK(%rcx)
    load_root V_USER_ROOT(%r11), %r11, \pushed
    cmpb $0, INFO_PENDING(%rcx)
    .endm

    .balign 16
    .globl short_return
short_return:
    mov %rcx, R_RIP - R_SIZE(%rsp)
    mov %r11, R_RFLAGS - R_SIZE(%rsp)
    lea -R_SIZE(%rsp), %r11
    mov R_SIZE(%r11), %rsp
    mov ENTRY_GUEST_STACK + entry_data(%rip), %rcx
    cmpl $0, CPU_WORK - CPU_BLOCK(%rsp)
    jne long_way_back
    cmpb $0, V_NMI_MASKED(%r11)
    jne long_way_back
    cmpq $-1, V_USER_ROOT(%r11)
    je long_way_back            /* no_mfn */
    movabs $no_upcall, %rax     /* it has no vcpu_info */
    cmp %rax, CPU_UPCALL_BYTES - CPU_BLOCK(%rsp)
    je long_way_back
    leave_if_shown_iopl %r11, long_way_back
    leave_if_own %rcx, %rax, long_way_back
    cmp $-IRET_SIZE, %rcx
    ja long_way_back
    access_on
    from_frame testl $IN_SYSCALL, IRET_FLAGS(%rcx)
    jnz short_return_by_sysret

    from_frame movzwl IRET_SS(%rcx), %eax
    or $3, %eax
    push %rax
    from_frame push IRET_RSP(%rcx)
    flags_from_frame
    push %rax
    code_selector_from_frame
    push %rax
    from_frame push IRET_RIP(%rcx)
    from_frame push IRET_RAX(%rcx)
    from_frame push IRET_R11(%rcx)
    from_frame push IRET_RCX(%rcx)
    enter_user 64
    pop %rcx
    pop %r11
    pop %rax
    jne meets_event
short_iret:
    iretq
    may_fault short_iret, guest_iret_faulted

    /* VGCF_in_syscall: to the flat selectors, and RCX and R11 are lost. */
short_return_by_sysret:
    code_selector_from_frame
    cmp $USER_CS_COMPATIBLE, %eax
    je frame_refused
    from_frame push IRET_RSP(%rcx)
    from_frame push IRET_RAX(%rcx)
    flags_from_frame
    push %rax
    from_frame mov IRET_RIP(%rcx), %rcx
    mov %rcx, %rax              /* see system_call_entry's SYSRET */
    sar $47, %rax
    inc %rax
    cmp $1, %rax
    ja frame_refused
    push %rcx
    enter_user 32
    pop %rcx
    pop %r11
    pop %rax
    jne sysret_meets_event
    pop %rsp
short_sysret_on_guest_stack:
    sysretq
short_sysret_is_over:
    on_guest_stack short_sysret_on_guest_stack, short_sysret_is_over

    /* The guest is in user mode already, and is entered by the common way, by IRET: which is as good. */
sysret_meets_event:
    push (%rsp)
    movq $GUEST_SS, 8(%rsp)
    push %r11
    push $GUEST_CS
    push %rcx
meets_event:
    complete_registers
    movq $BY_NOTHING, R_VECTOR(%rdi)
    jmp return_to_guest

frame_refused:
    access_off
long_way_back:
    mov R_RIP(%r11), %rcx
    lea R_SIZE(%r11), %rsp
    mov R_RFLAGS(%r11), %r11
    mov $CALL_IRET, %eax
    jmp long_system_call
