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

    /* Three bytes that become CLAC where the CPU has SMAP: user_copy alone touches guest memory. */
    .macro access_off
77: .byte 0x0f, 0x1f, 0x00
    .pushsection .access_switches, "a", @progbits
    .quad 77b
    .long 0xca010f, 0
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
