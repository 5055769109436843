// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// XSAVE: how a kernel finds it, switches its components on, and keeps what is in them while another domain runs.
#include "kit/case.hpp"
#include "kit/small_domain.hpp"

asm(R"(
        .section .rodata
avx_user:                                       # switches AVX on, fills ymm0 with ones, lets others run, and looks again
        mov     %cr4, %rax
        bts     $18, %rax
        mov     %rax, %cr4
        mov     $7, %eax
        xor     %edx, %edx
        xor     %ecx, %ecx
        xsetbv
        vpcmpeqd %ymm0, %ymm0, %ymm0
        mov     $29, %eax                       # sched_op: yield
        xor     %edi, %edi
        syscall
        mov     $0xffffffff80001000, %rbx
        vmovdqu %ymm0, (%rbx)
        movl    $0, 64(%rbx)                    # SHUTDOWN_poweroff
        lea     64(%rbx), %rsi
        mov     $2, %edi
        mov     $29, %eax
        syscall
1:      jmp     1b
avx_end:
        .previous
)");
extern "C" const std::byte avx_user[], avx_end[];

namespace kit {
namespace {

constexpr std::uint32_t has_xsave = 1u << 26, xsave_is_on = 1u << 27, has_avx = 1u << 28;
constexpr std::uint32_t x87 = 1, sse = 2, avx = 4;
constexpr std::uint64_t cr4_xsave = 1u << 18;
constexpr unsigned invalid_opcode = 6, general_protection = 13;

struct Leaf {
    std::uint32_t a, b, c, d;
};
Leaf forced(std::uint32_t number, std::uint32_t subleaf = 0) {
    Leaf leaf{number, 0, subleaf, 0};
    asm volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(leaf.a), "+b"(leaf.b), "+c"(leaf.c), "+d"(leaf.d));
    return leaf;
}

std::uint64_t cr4() {
    std::uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
void set_components(std::uint32_t components) { asm volatile("xsetbv" ::"a"(components), "d"(0), "c"(0)); }

bool missing() {
    if ((forced(1).c & has_avx) != 0) return false;
    skip("this CPU has no AVX");
    return true;
}

using Wide = std::array<std::uint64_t, 4>;
void set_wide(const Wide& value) { asm volatile("vmovdqu %0, %%ymm0" ::"m"(value)); }
Wide wide() {
    Wide value;
    asm volatile("vmovdqu %%ymm0, %0" : "=m"(value));
    return value;
}

// Another domain fills its own vector registers meanwhile. A value that was there before would be no sign.
void expect_kept(std::uint64_t first, void (*leaves)(), void (*comes_back)()) {
    if (missing()) return;
    SmallDomain other({avx_user, avx_end});
    expect_equal(other.trouble, 0);
    const Wide value{first, 0x1122334455667788, first + 2, 0x99aabbccddeeff00};
    set_wide(value);
    leaves();
    expect_equal(other.start(), 0);
    while (!(other.info().flags & XEN_DOMINF_shutdown)) call<rows::sched_op, SCHEDOP_yield>();
    comes_back();
    const Wide kept = wide();
    expect_equal(other.ended(), SHUTDOWN_poweroff);
    for (unsigned word = 0; word < value.size(); ++word) {
        expect_equal(kept[word], value[word]);
        expect_equal(other.read(SmallDomain::data, word), ~0ull);
    }
    expect_equal(other.destroy(), 0);
}

constexpr auto table = std::to_array<Case>({
    {in_words("cpuid"), "says to a kernel that XSAVE is on: by that it knows that it may have it", [] {
        if (missing()) return;
        expect_equal(forced(1).c & (has_xsave | xsave_is_on), has_xsave | xsave_is_on);
        expect_equal(cr4() & cr4_xsave, 0);
    }},
    {in_words("xsetbv"), "needs CR4.OSXSAVE", [] {
        if (missing()) return;
        expect_fault(fault_of([] { set_components(x87 | sse); }), invalid_opcode);
    }},
    {in_words("xsetbv"), "takes what CPUID offers, in combinations that there are", [] {
        if (missing()) return;
        asm volatile("mov %0, %%cr4" ::"r"(cr4() | cr4_xsave));
        expect(cr4() & cr4_xsave);
        const auto offered = forced(0xd).a;
        expect_equal(offered & (x87 | sse | avx), x87 | sse | avx);
        for (const std::uint32_t wrong : {0u, sse, x87 | avx, offered | 1u << 30})
            expect_fault(fault_of([=] { set_components(wrong); }), general_protection);
        set_components(x87 | sse | avx);
    }},
    {in_words("cpuid"), "tells the size of the area for what is on, and for all that is offered", [] {
        if (missing()) return;
        set_components(x87 | sse);
        expect_equal(forced(0xd).b, 576);
        set_components(x87 | sse | avx);
        expect_equal(forced(0xd).b, 832);
        expect(forced(0xd).c >= 832);
        expect_equal(forced(0xd, 2).a, 256);
        expect_equal(forced(0xd, 2).b, 576);
    }},
    {in_words("vcpu"), "keeps its vector registers while another domain uses its own", [] { expect_kept(1, [] {}, [] {}); }},
    {in_words("xsetbv"), "what is in components that are off meanwhile is there when they are on again", [] {
        expect_kept(7, [] { set_components(x87 | sse); }, [] { set_components(x87 | sse | avx); });
    }},
});

}
constinit const std::span<const Case> cases = table;
}
