// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// PUSHF and POPF; and the instructions beside the sensitive ones that show or change the processor's state: CPUID,
// RDTSC, RDTSCP, RDPMC, RDMSR, WRMSR, SYSENTER and XGETBV, in the guest's kernel and in its user mode.
#include "kit/case.hpp"
#include "kit/modes.hpp"

namespace kit {
namespace {

constexpr unsigned debug_exception = 1, invalid_opcode = 6, general_protection = 13;

namespace flag {
constexpr std::uint64_t status = 0x8d5, always = 2, trap = 0x100, interrupts = 0x200, direction = 0x400,
                        nested = 0x4000, alignment = 0x40000, id = 0x200000;
}

struct Flags { std::uint64_t popped, shown; };
[[gnu::section(".user")]] void exchange_flags(Flags& flags) {
    asm volatile("push %1; popf; pushf; pop %0; push %2; popf"
                 : "=&r"(flags.shown) : "r"(flags.popped), "r"(flag::always) : "cc", "memory");
}
[[gnu::section(".user")]] void exchange_low_flags(Flags& flags) {
    std::uint16_t low = static_cast<std::uint16_t>(flags.popped);
    asm volatile("pushw %0; popfw; pushf; pop %1; push %2; popf"
                 : "+r"(low), "=&r"(flags.shown) : "r"(flag::always) : "cc", "memory");
}
[[gnu::section(".user")]] void trap_next(Flags&) {
    asm volatile("push %0; popf; nop; nop" ::"r"(flag::trap) : "cc", "memory");
}

std::uint64_t flags_after(Mode mode, std::uint64_t popped) {
    Flags flags{popped, 0};
    expect(!call_in(mode, exchange_flags, flags));
    return flags.shown;
}

void set_io_privilege(unsigned level) {
    physdev_set_iopl_t request{level};
    expect_equal(call<rows::physdev_op, PHYSDEVOP_set_iopl>(request), 0);
}

struct Nothing {};
[[gnu::section(".user")]] void cli(Nothing&) { asm volatile("cli"); }
[[gnu::section(".user")]] void sti(Nothing&) { asm volatile("sti"); }

struct Leaf {
    std::uint32_t a, b, c, d;
    bool operator==(const Leaf&) const = default;
};
[[gnu::section(".user")]] void plain_cpuid(Leaf& leaf) {
    asm volatile("cpuid" : "+a"(leaf.a), "=b"(leaf.b), "+c"(leaf.c), "=d"(leaf.d));
}
[[gnu::section(".user")]] void forced_cpuid(Leaf& leaf) {
    asm volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(leaf.a), "=b"(leaf.b), "+c"(leaf.c), "=d"(leaf.d));
}
[[gnu::section(".user")]] void half_forced_cpuid(Leaf&) {
    asm volatile("ud2; .ascii \"xem\"; cpuid" ::: "rax", "rbx", "rcx", "rdx");
}
[[gnu::section(".user")]] void forced_nothing(Leaf&) { asm volatile("ud2; .ascii \"xen\"; nop; nop"); }

Leaf leaf_in(Mode mode, void (*code)(Leaf&), std::uint32_t number, std::uint32_t subleaf = 0) {
    Leaf leaf{number, 0, subleaf, 0};
    expect(!call_in(mode, code, leaf));
    return leaf;
}
// Stock Xen tells the first domain's kernel alone that there are MTRRs, for kernels that programmed them by platform_op;
// Basalt lets nobody program them, and tells nobody.
Leaf for_all_modes(Leaf leaf, std::uint32_t number) {
    constexpr std::uint32_t extended_features = 0x80000001, mtrr = 1u << 12;
    if (on_stock_xen() && (number == 1 || number == extended_features)) leaf.d &= ~mtrr;
    return leaf;
}
constexpr std::uint32_t umip = 1u << 2, osxsave = 1u << 27, has_avx = 1u << 28, hypervisor_present = 1u << 31;
constexpr std::uint32_t has_xgetbv_1 = 1u << 2;
constexpr std::uint64_t cr4_xsave = 1u << 18;

struct Clock { std::uint64_t first, second; std::uint32_t aux; };
[[gnu::always_inline]] inline std::uint64_t edx_eax(std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
}
[[gnu::section(".user")]] void rdtsc(Clock& clock) {
    std::uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    clock.first = edx_eax(low, high);
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    clock.second = edx_eax(low, high);
}
[[gnu::section(".user")]] void rdtscp(Clock& clock) {
    std::uint32_t low, high;
    asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(clock.aux));
    clock.first = edx_eax(low, high);
    asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(clock.aux));
    clock.second = edx_eax(low, high);
}
void goes_forward(Mode mode, void (*code)(Clock&)) {
    Clock clock{0, 0, 77};
    expect(!call_in(mode, code, clock));
    expect(clock.second > clock.first);
    if (code == rdtscp) expect_equal(clock.aux, 0);
}
void is_refused(Mode mode, void (*code)(Clock&)) {
    Clock clock{};
    const auto ended = call_in(mode, code, clock);
    expect(ended && ended->vector == general_protection && ended->error == 0);
}
std::uint64_t read_cr4() {
    std::uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
void forbid_clock(bool forbidden) {
    constexpr std::uint64_t time_stamp_disable = 4;
    const std::uint64_t cr4 = read_cr4();
    asm volatile("mov %0, %%cr4" ::"r"(forbidden ? cr4 | time_stamp_disable : cr4 & ~time_stamp_disable));
}

struct Register { std::uint32_t number, low, high; };
[[gnu::section(".user")]] void rdpmc(Register& it) {
    asm volatile("rdpmc" : "=a"(it.low), "=d"(it.high) : "c"(it.number));
}
[[gnu::section(".user")]] void rdmsr(Register& it) {
    asm volatile("rdmsr" : "=a"(it.low), "=d"(it.high) : "c"(it.number));
}
[[gnu::section(".user")]] void wrmsr(Register& it) {
    asm volatile("wrmsr" ::"a"(it.low), "d"(it.high), "c"(it.number));
}
[[gnu::section(".user")]] void xgetbv(Register& it) {
    asm volatile("xgetbv" : "=a"(it.low), "=d"(it.high) : "c"(it.number));
}
[[gnu::section(".user")]] void sysenter(Register&) { asm volatile("sysenter"); }
[[gnu::section(".user")]] void sysexit(Register&) { asm volatile("sysexit"); }

void faults(Mode mode, void (*code)(Register&), std::uint32_t number, unsigned vector = general_protection,
            Location where = Location::current()) {
    Register it{number, 0, 0};
    const auto ended = call_in(mode, code, it);
    if (ended && ended->vector == vector && ended->error == 0) return;
    fail(Line{} << name_of(mode) << ": register " << number << " vector " << (ended ? ended->vector : 256), where);
}

// AMD's processors have no SYSENTER in long mode (APM 3). QEMU knows it; Bochs 2.7, whose AMD models have it, does not.
bool is_amd() { return leaf_in(Mode::kernel, plain_cpuid, 0).b == 0x68747541; }

constexpr auto table = std::to_array<Case>({
    {in_words("pushf"), "shows IF set and IOPL 0, whatever the guest has masked or been given", [] {
        set_io_privilege(3);
        for (const Mode mode : both_modes)
            expect_equal(flags_after(mode, flag::always), flag::always | flag::interrupts);
        set_io_privilege(1);
        for (const Mode mode : both_modes)
            expect_equal(flags_after(mode, flag::always), flag::always | flag::interrupts);
    }},
    {in_words("cli, sti"), "do nothing where the I/O privilege reaches, and are #GP where it does not", [] {
        for (const unsigned level : {0u, 1u, 2u, 3u}) {
            set_io_privilege(level);
            for (const Mode mode : both_modes)
                for (void (*const code)(Nothing&) : {cli, sti}) {
                    Nothing nothing;
                    const auto ended = call_in(mode, code, nothing);
                    if (level >= (mode == Mode::kernel ? 1u : 3u))
                        expect(!ended);
                    else
                        expect(ended && ended->vector == general_protection && ended->error == 0);
                    expect_equal(flags_after(mode, flag::always), flag::always | flag::interrupts);
                }
        }
        set_io_privilege(1);
    }},
    {in_words("popf"), "changes status, direction, nested task, alignment check and ID; nothing else", [] {
        constexpr std::uint64_t changeable = flag::status | flag::direction | flag::nested | flag::alignment | flag::id;
        set_io_privilege(3);
        for (const Mode mode : both_modes)
            expect_equal(flags_after(mode, ~flag::trap), changeable | flag::always | flag::interrupts);
        set_io_privilege(1);
    }},
    {in_words("popf"), "of 16 bits leaves the others alone, and changes neither IF nor IOPL", [] {
        for (const Mode mode : both_modes) {
            Flags flags{0xffff & ~flag::trap, 0};
            expect(!call_in(mode, exchange_low_flags, flags));
            expect_equal(flags.shown, flag::status | flag::direction | flag::nested | flag::always | flag::interrupts);
        }
    }},
    {in_words("popf"), "that sets TF is a #DB behind the next instruction", [] {
        for (const Mode mode : both_modes) {
            Flags flags{};
            const auto ended = call_in(mode, trap_next, flags);
            expect(ended && ended->vector == debug_exception);
        }
    }},
    {in_words("cpuid"), "is not trapped: it shows the machine's processor, to the user what it shows the kernel", [] {
        for (const std::uint32_t number : {0u, 7u, 0x80000000u, 0x80000001u, 0x80000008u})
            expect(leaf_in(Mode::user, plain_cpuid, number) == leaf_in(Mode::kernel, plain_cpuid, number));
    }},
    {in_words("cpuid"), "with the prefix shows the policy, to the user what it shows the kernel", [] {
        for (const std::uint32_t number : {0u, 7u, 0xdu, 0x40000000u, 0x40000001u, 0x40000002u, 0x40000004u, 0x40000005u,
                                           0x40000100u, 0x80000000u, 0x80000001u, 0x80000002u, 0x80000007u, 0x80000008u})
            expect(for_all_modes(leaf_in(Mode::user, forced_cpuid, number), number) ==
                   for_all_modes(leaf_in(Mode::kernel, forced_cpuid, number), number));
        expect_equal(leaf_in(Mode::user, forced_cpuid, 1).c & hypervisor_present, hypervisor_present);
        expect_equal(leaf_in(Mode::user, forced_cpuid, 7).c & umip, 0);
    }},
    {in_words("cpuid"), "with the prefix says to the kernel that XSAVE is on, to the user once the kernel has seen to it", [] {
        if (!(leaf_in(Mode::kernel, plain_cpuid, 1).c & osxsave)) return skip("this processor has no XSAVE");
        const Leaf kernel = leaf_in(Mode::kernel, forced_cpuid, 1), user = leaf_in(Mode::user, forced_cpuid, 1);
        expect_equal(kernel.c & osxsave, osxsave);
        expect_equal(user.c | osxsave, kernel.c);
        expect_equal(for_all_modes(user, 1).d, for_all_modes(kernel, 1).d);
        expect_equal(user.c & osxsave, 0);
    }},
    {in_words("cpuid"), "without the whole prefix is #UD at its start", [] {
        for (const Mode mode : both_modes)
            for (const auto code : {half_forced_cpuid, forced_nothing}) {
                Leaf leaf{};
                const auto ended = call_in(mode, code, leaf);
                expect(ended && ended->vector == invalid_opcode);
            }
    }},
    {in_words("rdtsc, rdtscp"), "go forward; the processor's number is 0", [] {
        for (const Mode mode : both_modes) {
            goes_forward(mode, rdtsc);
            goes_forward(mode, rdtscp);
        }
    }},
    {in_words("rdtsc, rdtscp"), "are #GP for the user while the kernel has CR4.TSD set, and go on for the kernel", [] {
        forbid_clock(true);
        for (const auto code : {rdtsc, rdtscp}) {
            goes_forward(Mode::kernel, code);
            is_refused(Mode::user, code);
        }
        forbid_clock(false);
        goes_forward(Mode::user, rdtsc);
    }},
    {in_words("rdpmc"), "is #GP, whichever counter", [] {
        for (const Mode mode : both_modes)
            for (const std::uint32_t counter : {0u, 1u, 5u, 0x40000000u, 0xffffffffu}) faults(mode, rdpmc, counter);
    }},
    {in_words("rdmsr, wrmsr"), "are #GP for the user, whichever register", [] {
        for (const std::uint32_t number : {0x10u, 0x1bu, 0x174u, 0x277u, 0xc0000080u, 0xc0000082u, 0xc0000100u, 0xc0000103u,
                                           0xdeadbeefu}) {
            faults(Mode::user, rdmsr, number);
            faults(Mode::user, wrmsr, number);
        }
    }},
    {in_words("rdmsr"), "of the entry points is #GP for the kernel too", [] {
        for (const std::uint32_t number : {0x174u, 0x175u, 0x176u, 0xc0000081u, 0xc0000082u, 0xc0000083u,
                                           0xc0000084u}) {
            faults(Mode::kernel, rdmsr, number);
            faults(Mode::kernel, wrmsr, number);
        }
    }},
    {in_words("sysenter"), "is #UD on AMD's processors, #GP on others", [] {
        for (const Mode mode : both_modes) faults(mode, sysenter, 0, is_amd() ? invalid_opcode : general_protection);
    }},
    {in_words("sysexit"), "is #UD on AMD's processors, #GP on others", [] {
        for (const Mode mode : both_modes) faults(mode, sysexit, 0, is_amd() ? invalid_opcode : general_protection);
    }},
    {in_words("xgetbv"), "shows the vcpu's own XCR0, to the user what it shows the kernel", [] {
        if (!(leaf_in(Mode::kernel, plain_cpuid, 1).c & osxsave)) return skip("this processor has no XSAVE");
        for (const Mode mode : both_modes) {
            Register it{};
            expect(!call_in(mode, xgetbv, it));
            expect_equal(it.high, 0);
            expect_equal(it.low, 3);
        }
    }},
    {in_words("xgetbv"), "follows what the kernel switches on, and so does what the prefix says of it to the user", [] {
        if (!(leaf_in(Mode::kernel, forced_cpuid, 1).c & has_avx)) return skip("this processor has no AVX");
        const std::uint64_t before = read_cr4();
        asm volatile("mov %0, %%cr4" ::"r"(before | cr4_xsave));
        for (const std::uint32_t components : {7u, 3u}) {
            asm volatile("xsetbv" ::"a"(components), "d"(0), "c"(0));
            for (const Mode mode : both_modes) {
                Register it{};
                expect(!call_in(mode, xgetbv, it));
                expect_equal(it.low, components);
            }
        }
        expect_equal(leaf_in(Mode::user, forced_cpuid, 1).c & osxsave, osxsave);
        asm volatile("mov %0, %%cr4" ::"r"(before));
        expect_equal(leaf_in(Mode::user, forced_cpuid, 1).c & osxsave, 0);
    }},
    {in_words("xgetbv"), "of 1 shows which components are in use, and none that is off", [] {
        if (!(leaf_in(Mode::kernel, plain_cpuid, 0xd, 1).a & has_xgetbv_1)) return skip("this processor has no such register");
        for (const Mode mode : both_modes) {
            Register it{1, 0, 0};
            expect(!call_in(mode, xgetbv, it));
            expect_equal(it.high, 0);
            expect_equal(it.low & ~3u, 0);
        }
    }},
    {in_words("xgetbv"), "of registers that there are not is #GP", [] {
        if (!(leaf_in(Mode::kernel, plain_cpuid, 1).c & osxsave)) return skip("this processor has no XSAVE");
        for (const Mode mode : both_modes)
            for (const std::uint32_t number : {2u, 0x80000000u}) faults(mode, xgetbv, number);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
