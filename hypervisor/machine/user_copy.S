/* Guest memory is touched here and by guests/pv/short_ways.S, and nowhere else. Each instruction that may fault has its entry in
   the exception table; a fault in a string instruction leaves in RCX what was still to do. SysV ABI: RDI, RSI, RDX, RCX are
   arguments, RAX the result. */
#include "machine/entry_macros.h"

    .macro function name
    .section .text.\name, "ax", @progbits
    .balign 16
    .globl \name
    .type \name, @function
\name:
    .endm

    /* RDI to, RSI from, RDX bytes; RAX bytes not copied */
function guest_copy
    access_on
    mov %rdx, %rcx
    shr $3, %rcx
    and $7, %edx
1:  rep movsq
    mov %edx, %ecx
    jz 3f
2:  rep movsb
3:  mov %rcx, %rax
    access_off
    ret
4:  lea (%rdx, %rcx, 8), %rcx
    jmp 3b
    may_fault 1b, 4b
    may_fault 2b, 3b

    /* RDI where, RSI bytes */
function guest_clear
    access_on
    xor %eax, %eax
    mov %rsi, %rcx
1:  rep stosb
2:  mov %rcx, %rax
    access_off
    ret
    may_fault 1b, 2b

    /* RDI where; RAX word, RDX 1 if it was there */
function guest_read_word
    access_on
    xor %edx, %edx
1:  mov (%rdi), %rax
    mov $1, %edx
2:  access_off
    ret
    may_fault 1b, 2b

    /* RDI where, RSI word; RAX 1 if done */
function guest_write_word
    access_on
    xor %eax, %eax
1:  mov %rsi, (%rdi)
    mov $1, %eax
2:  access_off
    ret
    may_fault 1b, 2b

    /* RDI where, RSI expected, RDX wanted; RAX found, RDX 1 if it was there */
    .macro exchange name, register
function \name
    access_on
    mov %rsi, %rax
    mov %rdx, %rcx
    xor %edx, %edx
1:  lock cmpxchg \register, (%rdi)
    mov $1, %edx
2:  access_off
    ret
    may_fault 1b, 2b
    .endm
    exchange guest_exchange_8, %cl
    exchange guest_exchange_16, %cx
    exchange guest_exchange_32, %ecx
    exchange guest_exchange_64, %rcx
