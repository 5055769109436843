/* Words of the entry paths' assembler: entry.S and own_stacks.S. */

    .macro call_far function
    movabs $\function, %rax
    call *%rax
    .endm

    /* On the CPU's stack: from anywhere in it to its end, which is its block's. */
    .macro empty_cpu_stack
    dec %rsp
    or $CPU_BLOCK - 1, %rsp
    inc %rsp
    .endm

    /* Three bytes that become STAC or CLAC where the CPU has SMAP. */
    .macro access_switch instruction
77: .byte 0x0f, 0x1f, 0x00
    .pushsection .access_switches, "a", @progbits
    .quad 77b
    .long \instruction, 0
    .popsection
    .endm
    .macro access_on
    access_switch 0xcb010f
    .endm
    .macro access_off
    access_switch 0xca010f
    .endm

    /* A fault of the instruction at `at` goes on at `go_on`: the exception table of machine/exceptions.cpp. */
    .macro may_fault at, go_on
    .pushsection __ex_table, "a", @progbits
    .balign 4
    .long \at - ., \go_on - .
    .popsection
    .endm

    /* In this stretch of ring 0 RSP is the guest's, any number: see urgent.cpp. */
    .macro on_guest_stack first, end
    .pushsection .guest_stack, "a", @progbits
    .quad \first, \end
    .popsection
    .endm

    .macro push_other_registers
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    .endm

    .macro push_kept_registers
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

    .macro pop_registers
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    .endm

    /* The guest was as good as entered by IRET: RSP leads to the frame at the end of the CPU's stack, and the registers are the
       guest's. All of that goes into the vcpu's Registers, to which RDI leads then; the CPU's stack is empty. */
    .macro complete_registers
    push %rdi
    mov CPU_RUNNING_REGISTERS - CPU_BLOCK + 48(%rsp), %rdi
    pop R_RDI(%rdi)
    pop R_RIP(%rdi)
    pop R_CS(%rdi)
    pop R_RFLAGS(%rdi)
    pop R_RSP(%rdi)
    pop R_SS(%rdi)
    mov %rsi, R_RSI(%rdi)
    mov %rdx, R_RDX(%rdi)
    mov %rcx, R_RCX(%rdi)
    mov %rax, R_RAX(%rdi)
    mov %r8, R_R8(%rdi)
    mov %r9, R_R9(%rdi)
    mov %r10, R_R10(%rdi)
    mov %r11, R_R11(%rdi)
    store_kept
    .endm

    .macro store_kept
    mov %rbx, R_RBX(%rdi)
    mov %rbp, R_RBP(%rdi)
    mov %r12, R_R12(%rdi)
    mov %r13, R_R13(%rdi)
    mov %r14, R_R14(%rdi)
    mov %r15, R_R15(%rdi)
    .endm
