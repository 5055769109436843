/* Where a CPU starts: in real mode at the beginning of a page below 1 MiB, to which this is copied. From there straight
   to long mode on Basalt's tables, in which this page is mapped at its own address meanwhile. */

    .section .trampoline, "a", @progbits
    .globl trampoline_start, trampoline_end
    .globl trampoline_parameters

#define OFFSET(symbol) (symbol - trampoline_start)

    .balign 16
    .code16
trampoline_start:
    cli
    cld
    mov %cs, %ax                /* the page's number: data lie in the same segment */
    mov %ax, %ds
    lgdtl OFFSET(gdt_limit)
    mov $(1 << 5), %eax         /* physical address extension */
    mov %eax, %cr4
    mov OFFSET(root), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx       /* EFER: long mode, no-execute */
    mov $(1 << 8 | 1 << 11), %eax
    xor %edx, %edx
    wrmsr
    mov $(1 << 31 | 1 << 16 | 1 << 5 | 1 << 4 | 1), %eax
    mov %eax, %cr0
    ljmpl *OFFSET(far_address)

    .code64
trampoline64:
    mov $16, %eax
    mov %eax, %ss
    mov stack(%rip), %rsp
    xor %ebp, %ebp
    push %rbp
    jmp *continue(%rip)

    .balign 8
trampoline_parameters:          /* struct Parameters in smp.cpp */
root:           .quad 0
stack:          .quad 0
continue:       .quad 0
far_address:    .long OFFSET(trampoline64)      /* and where the page is */
                .short 8, 0
gdt:            .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_limit:      .short gdt_limit - gdt - 1
gdt_base:       .long OFFSET(gdt)               /* and where the page is */
trampoline_end:
