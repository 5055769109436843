/* Guest memory is touched here and nowhere else. STAC and CLAC are three-byte no-ops until start-up writes them, where the
   CPU has SMAP. Each instruction that may fault has its entry in the exception table; a fault in a string instruction
   leaves in RCX what was still to do. SysV ABI: RDI, RSI, RDX, RCX are arguments, RAX the result. */

    .macro access instruction
77: .byte 0x0f, 0x1f, 0x00
    .pushsection .access_switches, "a", @progbits
    .quad 77b
    .long \instruction, 0
    .popsection
    .endm
#define STAC access 0xcb010f
#define CLAC access 0xca010f

    .macro may_fault at, go_on
    .pushsection __ex_table, "a", @progbits
    .balign 4
    .long \at - ., \go_on - .
    .popsection
    .endm

    .macro function name
    .section .text.\name, "ax", @progbits
    .balign 16
    .globl \name
    .type \name, @function
\name:
    .endm

    /* RDI to, RSI from, RDX bytes; RAX bytes not copied */
function guest_copy
    STAC
    mov %rdx, %rcx
    shr $3, %rcx
    and $7, %edx
1:  rep movsq
    mov %edx, %ecx
    jz 3f
2:  rep movsb
3:  mov %rcx, %rax
    CLAC
    ret
4:  lea (%rdx, %rcx, 8), %rcx
    jmp 3b
    may_fault 1b, 4b
    may_fault 2b, 3b

    /* RDI where, RSI bytes */
function guest_clear
    STAC
    xor %eax, %eax
    mov %rsi, %rcx
1:  rep stosb
2:  mov %rcx, %rax
    CLAC
    ret
    may_fault 1b, 2b

    /* RDI where; RAX word, RDX 1 if it was there */
function guest_read_word
    STAC
    xor %edx, %edx
1:  mov (%rdi), %rax
    mov $1, %edx
2:  CLAC
    ret
    may_fault 1b, 2b

    /* RDI where, RSI word; RAX 1 if done */
function guest_write_word
    STAC
    xor %eax, %eax
1:  mov %rsi, (%rdi)
    mov $1, %eax
2:  CLAC
    ret
    may_fault 1b, 2b

    /* RDI where, RSI expected, RDX wanted; RAX found, RDX 1 if it was there */
    .macro exchange name, register
function \name
    STAC
    mov %rsi, %rax
    mov %rdx, %rcx
    xor %edx, %edx
1:  lock cmpxchg \register, (%rdi)
    mov $1, %edx
2:  CLAC
    ret
    may_fault 1b, 2b
    .endm
    exchange guest_exchange_8, %cl
    exchange guest_exchange_16, %cx
    exchange guest_exchange_32, %ecx
    exchange guest_exchange_64, %rcx
