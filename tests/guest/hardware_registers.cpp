// RUN: %boot-guest --options hvm=yes | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// The registers of a hardware-assisted guest's processor that Basalt keeps for it: MSRs, CR4 and XCR0.
#include "kit/case.hpp"
#include "kit/cpu_policy.hpp"
#include "kit/listed_acts.hpp"

namespace kit {
namespace {

// At 0x1000, in 64 bits: has a hypercall page put at 0x9000, calls xen_version by it, and looks into two of its places.
asm(R"(
        .section .rodata
page_start:
        mov     $0x40000000, %ecx
        mov     $0x9000, %eax
        xor     %edx, %edx
        wrmsr
        mov     $0x8000, %esp
        xor     %edi, %edi
        mov     $0x9000 + 17 * 32, %eax
        call    *%rax
        mov     %eax, 0x2000
        mov     0x9000 + 23 * 32, %eax          # iret
        mov     %eax, 0x2004
        mov     0x9000 + 127 * 32, %rax
        mov     %rax, 0x2008
        cli
        hlt
page_end:
        .previous
)");
extern "C" const std::byte page_start[], page_end[];

constexpr std::uint32_t general_protection = 13;
constexpr std::uint32_t cr4_osxsave = 1u << 18, cr4_pcid = 1u << 17, cr4_la57 = 1u << 12, cr4_protection_keys = 1u << 22;
constexpr std::uint32_t osxsave = 1u << 27;

struct Ran : ListedActs {
    explicit Ran(std::span<const Act> acts) : ListedActs(acts) {
        expect_equal(trouble, 0);
        expect_equal(run(), unsigned{SHUTDOWN_poweroff});
    }
    ~Ran() { expect_equal(destroy(), 0); }
};

// All of them fault, and nothing else happens.
template <std::size_t count>
void expect_refused(const std::array<Act, count>& acts, std::source_location where = std::source_location::current()) {
    const Ran ran(acts);
    for (unsigned at = 0; at < count; ++at)
        if (ran.of(at).exception() != general_protection) fail(Line{} << "act " << at << " has exception " << ran.of(at).exception(), where);
}

constexpr auto table = std::to_array<Case>({
    {in_words("hardware-assisted guests"), "have a hypercall page where they ask for it", [] {
        const HardwareDomain domain({page_start, page_end}, 0, HardwareDomain::Mode::bits_64);
        expect_equal(domain.trouble, 0);
        expect_equal(domain.run(), unsigned{SHUTDOWN_poweroff});
        expect_equal(domain.word(0) >> 16, 4);
        expect_equal(domain.word(1) & 0xffff, 0x0b0f);        // ud2
        expect_equal(domain.word(2), 0x00007fb8);             // mov $127, %eax
        expect_equal(domain.destroy(), 0);
    }},
    {in_words("hardware-assisted guests"), "have #GP where a hypercall page cannot be", [] {
        expect_refused(std::to_array<Act>({write_msr(0x40000000, 0x9001), write_msr(0x40000000, 0x9000000),
                                           write_msr(0x40000000, std::uint64_t{1} << 63), write_msr(0x40000001, 0)}));
    }},
    {in_words("hardware-assisted guests"), "have memory types of ranges, which are kept for them", [] {
        const auto acts = std::to_array<Act>({
            read_msr(0xfe), read_msr(0x2ff), read_msr(0x200), read_msr(0x20f), read_msr(0x250),
            write_msr(0x2ff, 0xc06), read_msr(0x2ff),
            write_msr(0x200, 0x80000006), read_msr(0x200),
            write_msr(0x201, 0xff80000800), read_msr(0x201),
            write_msr(0x26f, 0x0605040100060605), read_msr(0x26f), read_msr(0x26e)});
        const Ran ran(acts);
        for (unsigned at = 0; at < acts.size(); ++at) expect_equal(ran.of(at).exception(), 0);
        expect_equal(ran.of(0).value(), 0x508);
        for (const unsigned at : {1u, 2u, 3u, 4u}) expect_equal(ran.of(at).value(), 0);
        expect_equal(ran.of(6).value(), 0xc06);
        expect_equal(ran.of(8).value(), 0x80000006);
        expect_equal(ran.of(10).value(), 0xff80000800);
        expect_equal(ran.of(12).value(), 0x0605040100060605);
        expect_equal(ran.of(13).value(), 0);
    }},
    {in_words("hardware-assisted guests"), "have #GP for memory types that there are not, and for reserved bits", [] {
        expect_refused(std::to_array<Act>({
            write_msr(0xfe, 0x508), write_msr(0x2ff, 0x1c06), write_msr(0x2ff, 0xc02), write_msr(0x2ff, 0x106),
            write_msr(0x200, 0x106), write_msr(0x200, 0x3), write_msr(0x200, std::uint64_t{1} << 48),
            write_msr(0x201, 0xff80000807), write_msr(0x201, std::uint64_t{1} << 48), write_msr(0x210, 0), read_msr(0x210),
            write_msr(0x250, 0x0606060606060602), write_msr(0x26f, 0x0700000000000000), write_msr(0x251, 0), read_msr(0x300)}));
        // On stock Xen PAT is the processor's, and QEMU's takes anything.
        if (!on_stock_xen()) expect_refused(std::to_array<Act>({write_msr(0x277, 2), write_msr(0x277, std::uint64_t{8} << 56)}));
    }},
    {in_words("hardware-assisted guests"), "read nothing to report of machine checks", [] {
        const auto acts = std::to_array<Act>({read_msr(0x179), read_msr(0x17a), read_msr(0x400), read_msr(0x401), read_msr(0x402),
                                              read_msr(0x407), write_msr(0x400, 5), read_msr(0x400), write_msr(0x401, 0)});
        const Ran ran(acts);
        for (unsigned at = 0; at < acts.size(); ++at) expect_equal(ran.of(at).exception(), 0);
        expect_equal(ran.of(0).value(), 2);
        expect_equal(ran.of(2).value(), ~std::uint64_t{0});
        expect_equal(ran.of(7).value(), ~std::uint64_t{0});
        for (const unsigned at : {1u, 3u, 4u, 5u}) expect_equal(ran.of(at).value(), 0);
        expect_refused(std::to_array<Act>({write_msr(0x401, 5), write_msr(0x402, 5), write_msr(0x407, 1)}));
    }},
    {in_words("hardware-assisted guests"), "read 0 of AMD's registers that Linux asks for", [] {
        constexpr auto numbers = std::to_array<std::uint32_t>(
            {0xc0010000, 0xc0010003, 0xc0010007, 0xc0010010, 0xc0010015, 0xc001001f, 0xc0010055, 0xc0010200, 0xc001020b,
             0xc0011023, 0xc001102c, 0, 1, 0x140, 0x1d9, 0x40000000});
        static std::array<Act, numbers.size() + 2> acts;
        for (unsigned at = 0; at < numbers.size(); ++at) acts[at] = read_msr(numbers[at]);
        acts[numbers.size()] = read_msr(0xc0011029);
        acts[numbers.size() + 1] = read_msr(0x8b);
        const Ran ran(acts);
        for (unsigned at = 0; at < acts.size(); ++at) {
            expect_equal(ran.of(at).exception(), 0);
            if (at < numbers.size()) expect_equal(ran.of(at).value(), 0);
        }
        const auto writes = std::to_array<Act>({write_msr(0xc0010000, 0), write_msr(0xc0010007, 0), write_msr(0xc0010010, 0),
                                                write_msr(0xc0010200, 0), write_msr(0xc0010020, 0), write_msr(0xc0011029, 2),
                                                write_msr(0x140, 0), write_msr(0x17a, 0)});
        const Ran written(writes);
        for (unsigned at = 0; at < writes.size(); ++at) expect_equal(written.of(at).exception(), 0);
    }},
    {in_words("hardware-assisted guests"), "have #GP for MSRs that are none of theirs", [] {
        expect_refused(std::to_array<Act>({
            read_msr(0x3a), read_msr(0x48), read_msr(0x49), read_msr(0x10a), read_msr(0x122), read_msr(0x180), read_msr(0x186),
            read_msr(0x198), read_msr(0x19c), read_msr(0x1a0), read_msr(0x345), read_msr(0x38f), read_msr(0x48c), read_msr(0xda0),
            read_msr(0x40000001), read_msr(0x40000200), read_msr(0xc0010058), read_msr(0xc0010064), read_msr(0xc0010140),
            read_msr(0xc0011005), read_msr(0xc0011030), read_msr(0xffffffff), read_msr(0xc0002000),
            write_msr(0, 0), write_msr(0x3a, 0), write_msr(0x48, 0), write_msr(0x49, 1), write_msr(0x8b, 0), write_msr(0xce, 0),
            write_msr(0x1a0, 0), write_msr(0xc0010015, 1u << 24), write_msr(0xc0010055, 0), write_msr(0xffffffff, 0),
            write_msr(0x140, 2)}));
    }},
    {in_words("hardware-assisted guests"), "have what RDTSCP tells, of 32 bits", [] {
        const auto acts = std::to_array<Act>({write_msr(0xc0000103, 0x12345678), read_msr(0xc0000103),
                                              write_msr(0xc0000103, std::uint64_t{1} << 32), read_msr(0xc0000103)});
        const Ran ran(acts);
        expect_equal(ran.of(1).value(), 0x12345678);
        expect_equal(ran.of(2).exception(), general_protection);
        expect_equal(ran.of(3).value(), 0x12345678);
        expect_equal(Ran(std::to_array<Act>({read_msr(0xc0000103)})).of(0).value(), 0);     // and so has the next
    }},
    {in_words("hardware-assisted guests"), "switch XSAVE on, and CPUID follows", [] {
        const auto acts = std::to_array<Act>({get_xcr0(), ask_leaf(1), set_cr4(cr4_osxsave), get_cr4(), ask_leaf(1), set_xcr0(7), get_xcr0(),
                                              ask_leaf(0xd), set_xcr0(1), ask_leaf(0xd), set_cr4(0), ask_leaf(1)});
        const Ran ran(acts);
        expect(ran.of(0).exception() != 0);   // #UD; QEMU raises #GP
        expect_equal(ran.of(1).c & osxsave, 0);
        expect_equal(ran.of(3).value(), cr4_osxsave);
        expect_equal(ran.of(4).c & osxsave, osxsave);
        expect_equal(ran.of(6).value(), 7);
        const std::uint32_t with_avx = ran.of(7).b, without = ran.of(9).b;
        expect_equal(without, 512 + 64);
        expect(with_avx > without && with_avx <= ran.of(7).c);
        expect_equal(ran.of(7).c, ran.of(9).c);
        expect_equal(ran.of(11).c & osxsave, 0);
    }},
    {in_words("hardware-assisted guests"), "have #GP for states that do not go together, and for bits of CR4 that are not offered", [] {
        const auto acts = std::to_array<Act>({set_cr4(cr4_osxsave), set_xcr0(0), set_xcr0(2), set_xcr0(5), set_xcr0(0x80000001),
                                              {Act::set_xcr, 1, 1, 0}, get_xcr0(), set_cr4(cr4_la57), set_cr4(1u << 31), get_cr4()});
        const Ran ran(acts);
        for (const unsigned at : {1u, 2u, 3u, 4u, 5u, 7u, 8u}) expect_equal(ran.of(at).exception(), general_protection);
        expect_equal(ran.of(6).value() & 1, 1);
        expect_equal(ran.of(9).value(), cr4_osxsave);
        if (!on_stock_xen()) expect_refused(std::to_array<Act>({set_cr4(cr4_pcid), set_cr4(cr4_protection_keys)}));
    }},
});

}
constinit const std::span<const Case> cases = table;
}
