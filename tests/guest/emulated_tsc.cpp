// RUN: %boot-guest --count | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A domain whose tools have chosen how its TSC is read: by the processor, or by the hypervisor, which takes many more
// instructions for it. Its clock counts instructions here.
#include "kit/case.hpp"
#include "kit/modes.hpp"
#include "kit/twin.hpp"

asm(".pushsection .user, \"ax\"\n"
    "user_reads_clock: rdtsc\n"
    "ud2\n"
    ".popsection\n");
extern "C" const std::byte user_reads_clock[];

namespace kit {
namespace {

constexpr unsigned as_fits_best = 0, always_emulated = 1;
constexpr std::uint64_t forbids_clock = 1 << 2;      // CR4.TSD

struct Reads {
    std::uint64_t first, second;
    std::uint32_t aux;
};
[[gnu::always_inline]] inline std::uint64_t edx_eax(std::uint32_t low, std::uint32_t high) { return std::uint64_t{high} << 32 | low; }
[[gnu::section(".user")]] void read_twice(Reads& reads) {
    std::uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    reads.first = edx_eax(low, high);
    asm volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(reads.aux));
    reads.second = edx_eax(low, high);
}

// What the twin has seen, in its kernel and in its user mode.
volatile std::uint64_t kernel_took, user_took, user_faulted, ended_in_32_bits, time_flags, tsc_mode_told;

std::uint64_t taken(Mode mode) {
    Reads reads{0, 0, 77};
    call_in(mode, read_twice, reads);       // the first time pages come in
    if (call_in(mode, read_twice, reads) || reads.aux != 0) return 0;
    return reads.second - reads.first;
}
void set_cr4(std::uint64_t bits) {
    std::uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    asm volatile("mov %0, %%cr4" ::"r"((value & ~forbids_clock) | bits));
}

void look_at_clock() {
    start_memory(start);
    start_traps();
    kernel_took = taken(Mode::kernel);
    user_took = taken(Mode::user);
    Frame in_32_bits = user_frame(user_reads_clock);
    in_32_bits.cs = FLAT_USER_CS32;
    ended_in_32_bits = run_user(in_32_bits).vector;
    set_cr4(forbids_clock);
    Reads reads{};
    const auto ended = call_in(Mode::user, read_twice, reads);
    user_faulted = ended ? ended->vector : 0;
    set_cr4(0);
    std::uint32_t a = XEN_CPUID_FIRST_LEAF + 3, b, c = 0, d;
    asm volatile("ud2a; .ascii \"xen\"; cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    time_flags = a;
    tsc_mode_told = b;
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

struct Seen {
    std::uint64_t kernel, user, in_32_bits, fault, flags, mode;
};
Seen seen_in(unsigned mode) {
    const Twin twin(look_at_clock);
    expect_equal(twin.trouble, 0);
    xen_domctl_t request{};
    request.u.tsc_info.tsc_mode = mode;
    expect_equal(domctl(XEN_DOMCTL_settscinfo, twin.id, request), 0);
    request = {};
    expect_equal(domctl(XEN_DOMCTL_gettscinfo, twin.id, request), 0);
    expect_equal(request.u.tsc_info.tsc_mode, mode);
    expect_equal(twin.start(), 0);
    expect_equal(twin.ended(), SHUTDOWN_poweroff);
    const Seen seen{twin.read(kernel_took), twin.read(user_took), twin.read(ended_in_32_bits),
                    twin.read(user_faulted), twin.read(time_flags), twin.read(tsc_mode_told)};
    expect_equal(twin.destroy(), 0);
    return seen;
}

constexpr auto table = std::to_array<Case>({
    {"domctl.settscinfo", "in mode 1 each read of the TSC is trapped, in the guest's kernel and in its user mode", [] {
        constexpr std::uint64_t a_trap_at_least = 100;       // instructions
        const Seen seen = seen_in(always_emulated);
        expect(seen.kernel > a_trap_at_least && seen.user > a_trap_at_least);
        expect_equal(seen.in_32_bits, 6);                    // at the UD2 behind it, for a process of 32 bits too
        expect_equal(seen.fault, 13);                        // where the guest's kernel wants that
        expect_equal(seen.flags & 1, 1);                     // and CPUID tells
        expect_equal(seen.mode, always_emulated);
    }},
    {"domctl.settscinfo", "in mode 0 none is, where the machine's pace is what the domain expects", [] {
        if (on_stock_xen()) return skip("stock Xen emulates it where the machine's TSC is not called reliable, as QEMU's");
        constexpr std::uint64_t no_trap_at_most = 50;
        const Seen seen = seen_in(as_fits_best);
        expect(seen.kernel != 0 && seen.kernel < no_trap_at_most && seen.user != 0 && seen.user < no_trap_at_most);
        expect_equal(seen.in_32_bits, 6);
        expect_equal(seen.fault, 13);
        expect_equal(seen.flags & 1, 0);
        expect_equal(seen.mode, as_fits_best);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
