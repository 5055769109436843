// What leaves a hardware-assisted guest, and how much each exit takes: a guest does each of them some thousand times, and
// writes down its own time-stamp counter before and after. Its words for the rows are here, in the order of its list.
#include "kit/case.hpp"
#include "kit/hardware_domain.hpp"
#include "report.hpp"

namespace kit {
namespace {

constexpr unsigned rounds = 2000;

// At 0x1000, in 64 bits; the counts are at 0x2000. Each loop runs once to warm up. The third gigabyte's last page is its
// APIC's, and nothing is at 8 MiB.
asm(R"(
        .section .rodata
        .code64
        .macro counted index:req, act:vararg
        mov     $2, %r13d
1:      mov     $2000, %r14d
        rdtsc
        shl     $32, %rdx
        lea     (%rdx, %rax), %r12
2:      \act
        dec     %r14d
        jnz     2b
        rdtsc
        shl     $32, %rdx
        add     %rdx, %rax
        sub     %r12, %rax
        mov     %rax, 0x2000 + 8 * \index
        dec     %r13d
        jnz     1b
        .endm
        .macro ask_leaf
        xor     %eax, %eax
        cpuid
        .endm
        .macro ask_version
        mov     $17, %eax
        xor     %edi, %edi
        vmmcall
        .endm
        .macro end_interrupt
        xor     %eax, %eax
        xor     %edx, %edx
        wrmsr
        .endm
exits_start:
        movl    $0xfee00083, 0x4000 + 2 * 0x1000 + 8 * 7        # its APIC at 14 MiB
        movl    $0x00800083, 0x4000 + 2 * 0x1000 + 8 * 4
        mov     %cr3, %rax
        mov     %rax, %cr3
        movl    $0x1ff, 0xe000f0
        counted 0, ask_leaf
        mov     $0x1b, %ecx
        counted 1, rdmsr
        counted 2, inb $0x42, %al
        counted 3, mov 0xe00030, %eax
        counted 4, movl $0, 0xe000b0
        counted 5, mov 0x800000, %eax
        counted 6, ask_version
        mov     $0x1b, %ecx
        rdmsr
        or      $0xc00, %eax
        wrmsr
        mov     $0x80b, %ecx
        counted 7, end_interrupt
        cli
        hlt
exits_end:
        .previous
)");
extern "C" const std::byte exits_start[], exits_end[];

constexpr auto names = std::to_array<std::string_view>({"exit_cpuid", "exit_rdmsr", "exit_in", "exit_apic_read",
                                                        "exit_apic_write", "exit_unmapped", "exit_call", "exit_end_x2apic"});

constexpr auto table = std::to_array<Case>({
    {in_words("hardware-assisted guests"), "how long their exits take",
     [] {
         const HardwareDomain domain({exits_start, exits_end}, 0, HardwareDomain::Mode::bits_64);
         expect_equal(domain.trouble, 0);
         expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
         for (unsigned at = 0; at < names.size(); ++at)
             report(names[at], domain.word(2 * at) | std::uint64_t{domain.word(2 * at + 1)} << 32, rounds);
         expect_equal(domain.destroy(), 0);
     }},
});

}

constinit const std::span<const Case> cases = table;

}
