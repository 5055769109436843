/* Kernels of hardware-assisted guests that are interrupted. Each is copied to address 0x1000, is entered there in flat 32-bit mode,
   leaves what it has seen in words from 0x2000 on, and ends by a halt that nothing can end. */

    .set data, 0x2000
    .set vectors, 0x3000            /* its IDT */
    .set apic, 0xfee00000

    .macro kernel name
    .section .rodata
    .globl \name\()_start
    .code32
\name\()_start:
    .endm

    .macro end_of name
    .globl \name\()_end
\name\()_end:
    .endm

    /* Segments of its own, and an empty IDT: interrupts load CS. */
    .macro begin name
    lgdt 1f - \name\()_start + 0x1000
    lidt 2f - \name\()_start + 0x1000
    ljmp $8, $(3f - \name\()_start + 0x1000)
    .balign 8
0:  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
1:  .word 0x17
    .long 0b - \name\()_start + 0x1000
2:  .word 0x7ff
    .long vectors
3:  mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $0x3000, %esp
    .endm

    .macro gate name, vector, label
    mov $(\label - \name\()_start + 0x1000), %eax
    mov %ax, vectors + 8 * \vector
    movw $8, vectors + 8 * \vector + 2
    movw $0x8e00, vectors + 8 * \vector + 4
    .endm

    .macro enable_apic
    movl $0x1ff, apic + 0xf0
    .endm

    .macro end_here
    cli
    hlt
    .endm

    /* What an xAPIC tells of itself; an interrupt that it sends itself, as soon as it lets it in. */
    kernel sends_itself
    begin sends_itself
    gate sends_itself, 0x40, sends_itself_handler
    mov apic + 0x20, %eax
    mov %eax, data
    mov apic + 0x30, %eax
    mov %eax, data + 4
    enable_apic
    movl $0x44040, apic + 0x300
    mov apic + 0x220, %eax          /* requested: 0x40 to 0x5f */
    mov %eax, data + 8
    mov data + 12, %eax             /* not yet */
    mov %eax, data + 16
    sti
    nop
    cli
    mov apic + 0x120, %eax          /* in service */
    mov %eax, data + 20
    end_here
sends_itself_handler:
    incl data + 12
    movl $0, apic + 0xb0
    iret
    end_of sends_itself

    /* One that is above the task priority only when that has gone down. */
    kernel waits_for_priority
    begin waits_for_priority
    gate waits_for_priority, 0x40, waits_for_priority_handler
    enable_apic
    movl $0x50, apic + 0x80
    movl $0x44040, apic + 0x300
    sti
    nop
    mov data, %eax
    mov %eax, data + 4
    movl $0x30, apic + 0x80
    nop
    cli
    end_here
waits_for_priority_handler:
    incl data
    movl $0, apic + 0xb0
    iret
    end_of waits_for_priority

    /* Its timer ends a halt. */
    kernel waits_for_timer
    begin waits_for_timer
    gate waits_for_timer, 0x41, waits_for_timer_handler
    enable_apic
    movl $0xb, apic + 0x3e0         /* divided by 1 */
    movl $0x41, apic + 0x320
    movl $100000, apic + 0x380      /* a millisecond */
    sti
    hlt
    cli
    mov apic + 0x390, %eax          /* over */
    mov %eax, data + 4
    end_here
waits_for_timer_handler:
    incl data
    movl $0, apic + 0xb0
    iret
    end_of waits_for_timer

    /* Its timer interrupts it again and again. */
    kernel counts_ticks
    begin counts_ticks
    gate counts_ticks, 0x41, counts_ticks_handler
    enable_apic
    movl $0xb, apic + 0x3e0
    movl $0x20041, apic + 0x320
    movl $20000, apic + 0x380
    sti
1:  cmpl $4, data
    jb 1b
    cli
    movl $0x10000, apic + 0x320
    end_here
counts_ticks_handler:
    incl data
    movl $0, apic + 0xb0
    iret
    end_of counts_ticks

    /* By the MSRs of an x2APIC. */
    kernel extends_itself
    begin extends_itself
    gate extends_itself, 0x42, extends_itself_handler
    mov $0x1b, %ecx
    rdmsr
    mov %eax, data
    or $0x400, %eax
    wrmsr
    xor %edx, %edx
    mov $0x80f, %ecx
    mov $0x1ff, %eax
    wrmsr
    mov $0x802, %ecx
    rdmsr
    mov %eax, data + 4
    mov $0x80d, %ecx                /* its logical id */
    rdmsr
    mov %eax, data + 8
    mov $0x83f, %ecx                /* to itself */
    mov $0x42, %eax
    xor %edx, %edx
    wrmsr
    sti
    nop
    cli
    mov apic + 0x20, %eax           /* no page any more */
    mov %eax, data + 16
    end_here
extends_itself_handler:
    incl data + 12
    mov $0x80b, %ecx
    xor %eax, %eax
    xor %edx, %edx
    wrmsr
    iret
    end_of extends_itself

    /* An NMI from itself comes though interrupts are off, and the next one behind the first one's end. */
    kernel interrupts_itself
    begin interrupts_itself
    gate interrupts_itself, 2, interrupts_itself_handler
    enable_apic
    movl $0x44400, apic + 0x300
    mov apic + 0x30, %eax           /* an exit, at which the second may come */
    mov data, %eax
    mov %eax, data + 4
    end_here
interrupts_itself_handler:
    incl data
    cmpl $1, data
    jne 1f
    movl $0x44400, apic + 0x300     /* from inside */
    nop
    mov data, %eax                  /* still the first */
    mov %eax, data + 8
1:  iret
    end_of interrupts_itself

    /* An interrupt comes where its stack is nowhere, and stores are what it does meanwhile. */
    kernel has_no_stack
    begin has_no_stack
    gate has_no_stack, 0x40, has_no_stack_handler
    enable_apic
    movl $0x44040, apic + 0x300
    mov $0x800000, %esp
    xor %eax, %eax
    sti
    nop
has_no_stack_stores:
    .rept 64
    inc %eax
    mov %eax, data
    .endr
    end_here
has_no_stack_handler:
    movl $1, data + 4
    iret
    end_of has_no_stack
    .globl has_no_stack_stores

    /* Another vcpu is started: in real mode, at page 6, where the first has copied what it is to run. It says so and sends an
       interrupt back. */
    kernel starts_another
    begin starts_another
    gate starts_another, 0x43, starts_another_handler
    enable_apic
    mov $(starts_another_second - starts_another_start + 0x1000), %esi
    mov $0x6000, %edi
    mov $(starts_another_second_end - starts_another_second), %ecx
    rep movsb
    movl $0x02000000, apic + 0x310  /* id 2 */
    movl $0x4500, apic + 0x300      /* INIT */
    movl $0x4606, apic + 0x300      /* start at page 6 */
    movl $0x4606, apic + 0x300
1:  sti
    hlt
    cli
    cmpl $0, data + 8
    je 1b
    movl $0x0, data + 16            /* ends by a triple fault, whatever the other does meanwhile */
    lidt data + 16
    ud2
starts_another_handler:
    incl data + 8
    movl $0, apic + 0xb0
    iret
    .code16
starts_another_second:
    mov %cs, %ax
    xor %ax, %ax
    mov %ax, %ds
    mov %cs, %ax
    mov %ax, data
    mov %cr0, %eax
    mov %eax, data + 4
    /* to flat segments for the APIC's page */
    lgdtl %cs:starts_another_table - starts_another_second
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $8, $(starts_another_flat - starts_another_second + 0x6000)
    .balign 8
starts_another_segments:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
starts_another_table:
    .word 0x17
    .long starts_another_segments - starts_another_second + 0x6000
    .code32
starts_another_flat:
    mov $0x10, %eax
    mov %eax, %ds
    mov apic + 0x20, %eax
    mov %eax, data + 12
    movl $0, apic + 0x310
    movl $0x4043, apic + 0x300
    cli
    hlt
starts_another_second_end:
    end_of starts_another
