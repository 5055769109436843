/* The first instructions, wherever a loader has put the image: to long mode, onto Basalt's addresses, into C++.
   Runs without paging at physical addresses, so everything is named relative to `here`, whose address EBP holds. */
#define ASM_FILE
#include <multiboot2.h>

#define AT(symbol) (symbol - here)(%ebp)

#define PRESENT 1
#define TABLE   3               /* present, writable */
#define LARGE   0x83            /* present, writable, 2 MiB */

    .section .boot, "ax", @progbits
    .code32

    .globl start32              /* Multiboot2: EAX magic, EBX information */
start32:
    mov %eax, %esi
    jmp find_address

    .globl start_pvh            /* PVH (xen/arch-x86/hvm/start_info.h): EBX start information */
start_pvh:
    xor %esi, %esi

    /* There is no stack yet: borrow a word of the loader's information for one call. */
find_address:
    cli
    cld
    mov 4(%ebx), %edx
    lea 8(%ebx), %esp
    call here
here:
    pop %ebp
    mov %edx, 4(%ebx)
    lea AT(start_up_stack_end), %esp

    mov $0x80000000, %eax       /* CPUID: is there a long mode? */
    push %ebx
    cpuid
    cmp $0x80000001, %eax
    jb no_long_mode
    mov $0x80000001, %eax
    cpuid
    pop %ebx
    bt $29, %edx
    jnc no_long_mode

    /* The tables below were laid out with virtual addresses. Their low halves count from image_base, which is a
       multiple of 4 GiB: add where image_base really is, and drop the high half. */
    lea AT(image_base), %edx
    lea AT(early_tables), %edi
    mov $(early_tables_end - early_tables) / 8, %ecx
1:  testb $PRESENT, (%edi)
    jz 2f
    add %edx, (%edi)
    movl $0, 4(%edi)
2:  add $8, %edi
    loop 1b

    /* The first 4 GiB, in 2 MiB pages. */
    lea AT(early_low_l2), %edi
    mov $LARGE, %eax
    mov $4 * 512, %ecx
3:  mov %eax, (%edi)
    movl $0, 4(%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 3b

    mov %cr4, %eax
    or $(1 << 5 | 3 << 9), %eax /* physical address extension; SSE, which unpackers of start-up use */
    mov %eax, %cr4
    lea AT(early_l4), %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx       /* EFER.LME */
    rdmsr
    or $(1 << 8), %eax
    wrmsr
    mov %cr0, %eax
    and $~(1 << 29 | 1 << 30 | 1 << 2), %eax    /* caches on, no emulation of the FPU */
    or $(1 << 31 | 1 << 16 | 1), %eax   /* paging, write protection, protected mode */
    mov %eax, %cr0

    lea AT(early_gdt), %eax
    mov %eax, AT(early_gdt_base)
    lgdt AT(early_gdt_limit)
    lea AT(start64), %eax
    push $8
    push %eax
    lret

    .code64
start64:
    movabs $start_high, %rax
    jmp *%rax
start_high:                     /* the same page, at its own address: the low one may go */
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    movabs $first_stack_end, %rsp
    xor %ebp, %ebp
    mov %esi, %edi
    mov %ebx, %esi
    movabs $start_first_cpu, %rax
    call *%rax
    ud2

    .code32
no_long_mode:
    lea AT(no_long_mode_text), %esi
    mov $0x3f8, %edx
1:  lodsb
    test %al, %al
    jz 2f
    out %al, %dx
    jmp 1b
2:  hlt
    jmp 2b
no_long_mode_text:
    .asciz "Basalt: this CPU has no 64-bit mode\r\n"

    .balign 8
early_gdt:
    .quad 0
    .quad 0x00af9b000000ffff    /* 8: 64-bit code */
    .quad 0x00cf93000000ffff    /* 16: data */
early_gdt_limit:
    .short early_gdt_limit - early_gdt - 1
early_gdt_base:
    .quad 0

    /* 262 is the direct map, 261 the image, 259 the first CPU's block at its final address (core/layout.hpp). */
    .section .boot.data, "aw", @progbits
    .balign 4096
early_tables:
    .globl early_l4
early_l4:
    .quad early_low_l3 + TABLE
    .fill 258, 8, 0
    .quad early_cpu_l3 + TABLE
    .fill 1, 8, 0
    .quad early_image_l3 + TABLE
    .quad early_low_l3 + TABLE
    .fill 249, 8, 0
    .globl early_low_l3
early_low_l3:
    .quad early_low_l2 + TABLE, early_low_l2 + 0x1000 + TABLE, early_low_l2 + 0x2000 + TABLE, early_low_l2 + 0x3000 + TABLE
    .fill 508, 8, 0
early_image_l3:
    .fill 320, 8, 0
    .quad early_image_l2 + TABLE
    .fill 191, 8, 0
early_image_l2:
    piece = 0
    .rept 32
    .quad image_base + piece * 0x200000 + LARGE
    piece = piece + 1
    .endr
    .fill 480, 8, 0
early_cpu_l3:
    .quad early_cpu_l2 + TABLE, early_entry_l2 + TABLE
    .fill 510, 8, 0
early_entry_l2:
    .quad early_entry_l1 + TABLE
    .fill 511, 8, 0
early_entry_l1:                 /* the first CPU's alias of the entry text: see machine/descriptors.cpp */
    .quad entry_text_start + TABLE, entry_data_start + TABLE
    .fill 6, 8, 0
    .quad interrupt_gates + TABLE, first_cpu_descriptors + TABLE
    .fill 502, 8, 0
early_cpu_l2:
    .quad early_cpu_l1 + TABLE
    .fill 511, 8, 0
early_cpu_l1:                   /* header | NMI #DB | #DF | #MC | main: see first_cpu_pages in machine/ */
    .quad first_cpu_pages + 0x0000 + TABLE
    .fill 1, 8, 0
    .quad first_cpu_pages + 0x1000 + TABLE, first_cpu_pages + 0x2000 + TABLE
    .fill 1, 8, 0
    .quad first_cpu_pages + 0x3000 + TABLE
    .fill 1, 8, 0
    .quad first_cpu_pages + 0x4000 + TABLE
    .fill 1, 8, 0
    .quad first_cpu_pages + 0x5000 + TABLE, first_cpu_pages + 0x6000 + TABLE, first_cpu_pages + 0x7000 + TABLE
    .quad first_cpu_pages + 0x8000 + TABLE, first_cpu_pages + 0x9000 + TABLE, first_cpu_pages + 0xa000 + TABLE
    .quad first_cpu_pages + 0xb000 + TABLE
    .fill 496, 8, 0
early_tables_end:

    first_stack_end = 0xffff818000010000

    .section .boot.bss, "aw", @nobits
    .balign 4096
early_low_l2:
    .skip 4 * 4096
    .skip 256
start_up_stack_end:
