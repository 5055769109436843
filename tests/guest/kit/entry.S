// Where the hypervisor starts the guest, and where it comes back: traps, events, system calls. Every way in
// ends in entered(Frame*), which either returns (and the guest resumes by the iret hypercall) or abandons the frame.

#define IMAGE_BASE 0xffffffff80000000
#define IRET_STUB  hypercall_page + 23 * 32

        .macro note_word type, value
        .balign 4
        .long 4, 8, \type
        .asciz "Xen"
        .quad \value
        .endm
        .macro note_text type, text
        .balign 4
        .long 4, 2f - 1f, \type
        .asciz "Xen"
1:      .asciz "\text"
2:      .balign 4
        .endm

        .section .note.Xen, "a", @note
        note_word 1, start                      // XEN_ELFNOTE_ENTRY
        note_word 2, hypercall_page             // XEN_ELFNOTE_HYPERCALL_PAGE
        note_word 3, IMAGE_BASE                 // XEN_ELFNOTE_VIRT_BASE
        note_word 4, 0                          // XEN_ELFNOTE_PADDR_OFFSET: p_paddr counts from 0
        note_text 5, "xen-3.0"                  // XEN_ELFNOTE_XEN_VERSION
        note_text 6, "basalt-test"              // XEN_ELFNOTE_GUEST_OS
        note_text 8, "generic"                  // XEN_ELFNOTE_LOADER
        note_text 9, "yes"                      // XEN_ELFNOTE_PAE_MODE
        .previous

        .section .text.hypercall_page, "ax", @progbits
        .balign 4096
        .globl hypercall_page
hypercall_page:
        .fill 4096, 1, 0xcc

        .text
        .globl start
start:
        cld
        mov     $kernel_stack_top, %rsp
        mov     %rsi, %rdi
        call    kit_start
        ud2

// The hypervisor pushed rcx, r11, [error code], rip, cs, rflags, rsp, ss. Make it one Frame: the error code
// always there, the vector below it, rcx and r11 among the other registers.
        .macro way_in name, vector, has_error=0
        .balign 16
        .globl \name
\name:
        pop     %rcx
        pop     %r11
        .if \has_error == 0
        push    $0
        .endif
        push    $\vector
        jmp     common_way_in
        .endm

        .altmacro
        .macro vector_way_in number
        .if \number == 8 || (\number >= 10 && \number <= 14) || \number == 17 || \number == 21
        way_in vector_\number, \number, 1
        .else
        way_in vector_\number, \number
        .endif
        .endm
        .set i, 0
        .rept 32
        vector_way_in %i
        .set i, i + 1
        .endr
        way_in vector_128, 128
        way_in vector_129, 129
        way_in event_way_in, 256
        way_in system_call_way_in, 258
        way_in system_call32_way_in, 259

// A failed return: ds, es, fs, gs as they were asked for lie between r11 and rip.
        .balign 16
        .globl failsafe_way_in
failsafe_way_in:
        pop     %rcx
        pop     %r11
        add     $32, %rsp
        push    $0
        push    $257

        .globl common_way_in
common_way_in:                           // the Frame's words from rip up, error code and vector are pushed
        push    %rax
        push    %rcx
        push    %rdx
        push    %rbx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        call    entered
        mov     %rsp, %rdi
// rdi = a Frame: load every register from it and return there.
        .globl resume
resume:
        mov     %rdi, %rsp
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rbx
        pop     %rdx
        pop     %rcx
        pop     %rax
        add     $8, %rsp                        // the vector; the error code's place carries iret's flags
        jmp     IRET_STUB

// bool guarded_call(function, argument, &recovery): false = it returned, true = it was abandoned.
        .globl guarded_call
guarded_call:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        push    (%rdx)
        push    %rdx
        mov     %rsp, (%rdx)
        mov     %rdi, %rax
        mov     %rsi, %rdi
        call    *%rax
        xor     %eax, %eax
unwind: pop     %rdx
        pop     (%rdx)
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .globl abandon
abandon:                                        // rdi = &recovery of the guarded_call to end
        mov     (%rdi), %rsp
        mov     $1, %eax
        jmp     unwind

        .globl memcpy, memmove, memset, memcmp, memchr, strlen
memmove:
        mov     %rdi, %rax
        mov     %rdx, %rcx
        cmp     %rsi, %rdi
        jbe     1f
        lea     -1(%rdi, %rcx), %rdi
        lea     -1(%rsi, %rcx), %rsi
        std
        rep movsb
        cld
        ret
memcpy: mov     %rdi, %rax
        mov     %rdx, %rcx
1:      rep movsb
        ret
memset: mov     %rdi, %r8
        mov     %esi, %eax
        mov     %rdx, %rcx
        rep stosb
        mov     %r8, %rax
        ret
memcmp: xor     %eax, %eax
        mov     %rdx, %rcx
        test    %rcx, %rcx
        jz      1f
        repe cmpsb
        je      1f
        movzbl  -1(%rdi), %eax
        movzbl  -1(%rsi), %ecx
        sub     %ecx, %eax
1:      ret
memchr: mov     %esi, %eax
        mov     %rdx, %rcx
        test    %rcx, %rcx
        jz      1f
        repne scasb
        jne     1f
        lea     -1(%rdi), %rax
        ret
1:      xor     %eax, %eax
        ret
strlen: xor     %eax, %eax
1:      cmpb    $0, (%rdi, %rax)
        je      2f
        inc     %rax
        jmp     1b
2:      ret

        .bss
        .balign 4096
        .fill   16384
        .globl kernel_stack_top
kernel_stack_top:
        .fill   16384
        .globl trap_stack_top                   // where traps from user mode arrive
trap_stack_top:
        .globl second_stack, second_stack_top
second_stack:
        .fill   16384
second_stack_top:

        .section .note.GNU-stack, "", @progbits
