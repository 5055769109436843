/* What a hostile guest has that is not random (kit/hostile_domain.hpp): how it starts, and that whatever happens to it leads back to
   its slots. Copied to 0x1000, and from hostile_low on to 0xb000. */

    .set slots, 0xc000
    .set slots_mask, 0x3fff
    .set count, 0x2000
    .set starts, 0x2008
    .set gdt, 0xa000
    .set gdt_pointer, 0xa080
    .set idt_pointer, 0xa090
    .set apic, 0xfee00000

    .section .rodata
    .globl hostile_start, hostile_end, hostile_low, hostile_low_end
    .globl hostile_fault, hostile_fault_with_error, hostile_interrupt, hostile_low_fault
    .code64
hostile_start:
    lgdt gdt_pointer
    lidt idt_pointer
    mov $1, %eax
    lock xadd %eax, starts
    mov %eax, %ebp
    and $1, %eax
    shl $4, %eax
    add $0x20, %eax                 /* of two TSSs one each, if there was no restart */
    andb $0xfd, gdt + 5(%rax)
    mov $0x3800, %esp
    ltr %ax
    push $8
    push $(1f - hostile_start + 0x1000)
    lretq
1:  mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $(apic + 0xf0), %ebx
    movl $0x1ff, (%rbx)
    test %ebp, %ebp
    jnz 2f
    mov $(apic + 0x300), %ebx
    movl $0xc4500, (%rbx)           /* the other one: INIT, start at page 0xb */
    movl $0xc460b, (%rbx)
2:  sti
    shl $12, %ebp                   /* each in another of its pages */
    and $slots_mask, %ebp
    add $slots, %ebp
    jmp *%rbp

    /* On to the next slot, in kernel mode with flat segments. */
    .balign 16
hostile_fault_with_error:
    add $8, %rsp
hostile_fault:
    push %rax
    mov 8(%rsp), %rax
    add $64, %eax
    and $(slots_mask - 63), %eax
    or $slots, %eax
    mov %rax, 8(%rsp)
    movq $8, 16(%rsp)
    andl $~0x34100, 24(%rsp)        /* TF, NT, RF, VM */
    movq $0x10, 40(%rsp)
    pop %rax
    iretq

    .balign 16
hostile_interrupt:
    push %rax
    mov $(apic + 0xb0), %eax
    movl $0, (%rax)
    pop %rax
    iretq
hostile_end:

    /* Of 16 bits. It starts as all processors do. */
    .code16
hostile_low:
    cli
    xor %ax, %ax
    mov %ax, %ds
    lgdtl gdt_pointer
    mov $0x20, %eax
    mov %eax, %cr4
    mov $0x4000, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx
    mov $0x901, %eax
    xor %edx, %edx
    wrmsr
    mov %cr0, %eax
    or $0x80000001, %eax
    mov %eax, %cr0
    ljmpl $8, $0x1000

    /* The same in real mode. */
    .org hostile_low + 0x800
hostile_low_fault:
    push %bp
    mov %sp, %bp
    push %ax
    mov 2(%bp), %ax
    add $64, %ax
    and $(slots_mask - 63), %ax
    or $slots, %ax
    mov %ax, 2(%bp)
    movw $0, 4(%bp)
    andw $0xfeff, 6(%bp)
    pop %ax
    pop %bp
    iret
hostile_low_end:
