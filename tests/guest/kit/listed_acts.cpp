#include "listed_acts.hpp"

#include "case.hpp"

// At 0x1000, the list at 0x3000, what came of it at 0x2000. #UD and #GP leave their number and go on behind the act.
asm(R"(
        .section .rodata
        .code32
listed_start:
        lgdt    listed_gdtr - listed_start + 0x1000
        lidt    listed_idtr - listed_start + 0x1000
        mov     $0x8000, %esp
        mov     $0x3000, %esi
        mov     $0x2000, %edi
0:      mov     (%esi), %ebp
        mov     4(%esi), %ecx
        mov     8(%esi), %eax
        mov     12(%esi), %edx
        cmp     $1, %ebp
        jb      9f
        je      1f
        cmp     $3, %ebp
        jb      2f
        je      3f
        cmp     $5, %ebp
        jb      4f
        je      5f
        cmp     $6, %ebp
        je      6f
        mov     %cr4, %eax
        xor     %edx, %edx
        jmp     7f
1:      xchg    %eax, %ecx
        cpuid
        mov     %eax, (%edi)
        mov     %ebx, 4(%edi)
        mov     %ecx, 8(%edi)
        mov     %edx, 12(%edi)
        jmp     8f
2:      rdmsr
        jmp     7f
3:      wrmsr
        jmp     8f
4:      xsetbv
        jmp     8f
5:      xgetbv
        jmp     7f
6:      mov     %eax, %cr4
        jmp     8f
7:      mov     %eax, (%edi)
        mov     %edx, 4(%edi)
listed_next:
8:      add     $16, %esi
        add     $16, %edi
        jmp     0b
9:      cli
        hlt
listed_protection:
        movl    $13, 12(%edi)
        add     $4, %esp
        jmp     1f
listed_opcode:
        movl    $6, 12(%edi)
1:      movl    $listed_next - listed_start + 0x1000, (%esp)
        iret
        .balign 8
listed_gdt:
        .quad   0, 0x00cf9b000000ffff
listed_gdtr:
        .word   15
        .long   listed_gdt - listed_start + 0x1000
        .balign 8
listed_idt:
        .fill   6, 8, 0
        .word   listed_opcode - listed_start + 0x1000, 8, 0x8e00, 0
        .fill   6, 8, 0
        .word   listed_protection - listed_start + 0x1000, 8, 0x8e00, 0
listed_idtr:
        .word   14 * 8 - 1
        .long   listed_idt - listed_start + 0x1000
        .code64
listed_end:
        .previous
)");
extern "C" const std::byte listed_start[], listed_end[];

namespace kit {

ListedActs::ListedActs(std::span<const Act> acts) : HardwareDomain({listed_start, listed_end}) {
    if (!expect(acts.size() <= most)) return;
    write_page(data + 1, std::as_bytes(acts));
}

}
