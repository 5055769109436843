// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// CR4 and XCR0: what a kernel has not switched on its user mode has not, nor has it what another domain has switched on.
#include "kit/case.hpp"
#include "kit/modes.hpp"
#include "kit/small_domain.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

constexpr unsigned invalid_opcode = 6;
constexpr std::uint64_t no_clock = 1 << 2, debug_extensions = 1 << 3, segment_bases = 1 << 16, extended_state = 1 << 18;
constexpr std::uint64_t choices = no_clock | debug_extensions | segment_bases | extended_state;

std::uint64_t cr4() {
    std::uint64_t value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}
void set_cr4(std::uint64_t value) { asm volatile("mov %0, %%cr4" ::"r"(value)); }
void set_in_cr4(std::uint64_t bit, bool on) { set_cr4(on ? cr4() | bit : cr4() & ~bit); }

struct Word64 { std::uint64_t value; };
using Code = void (*)(Word64&);
[[gnu::section(".user")]] void rdfsbase(Word64& base) { asm volatile("rdfsbase %0" : "=r"(base.value)); }
[[gnu::section(".user")]] void wrfsbase(Word64& base) { asm volatile("wrfsbase %0" ::"r"(base.value)); }
[[gnu::section(".user")]] void rdgsbase(Word64& base) { asm volatile("rdgsbase %0" : "=r"(base.value)); }
[[gnu::section(".user")]] void wrgsbase(Word64& base) { asm volatile("wrgsbase %0" ::"r"(base.value)); }
[[gnu::section(".user")]] void rdpkru(Word64& rights) {
    asm volatile(".byte 0x0f, 0x01, 0xee" : "=a"(rights.value) : "c"(0) : "rdx");
}
[[gnu::section(".user")]] void xgetbv(Word64& components) {
    asm volatile("xgetbv" : "=a"(components.value) : "c"(0) : "rdx");
}
[[gnu::section(".user")]] void fill_wide(Word64&) { asm volatile("vpcmpeqd %%ymm0, %%ymm0, %%ymm0" ::: "xmm0"); }
constexpr Code base_instructions[] = {rdfsbase, wrfsbase, rdgsbase, wrgsbase};

// The vector that ended it, or that nothing did.
constexpr std::uint64_t none = 256;
std::uint64_t vector_of(Mode mode, Code code) {
    Word64 word{};
    const auto ended = call_in(mode, code, word);
    return ended ? ended->vector : none;
}

xen_cpuid_leaf_t offered(std::uint32_t number, std::uint32_t subleaf) {
    xen_cpuid_leaf_t leaf{number, subleaf, number, 0, 0, 0};
    asm volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(leaf.a), "+b"(leaf.b), "+c"(leaf.c), "+d"(leaf.d));
    return leaf;
}
constexpr std::uint32_t no_subleaf = XEN_CPUID_NO_SUBLEAF;
constexpr std::uint32_t has_segment_bases = 1 << 0, has_debug_extensions = 1 << 2, has_xsave = 1 << 26, has_wide = 1 << 28;

Status choose_leaf(unsigned domain, xen_cpuid_leaf_t leaf) {
    xen_domctl_t request{};
    request.u.cpu_policy.nr_leaves = 1;
    set_xen_guest_handle(request.u.cpu_policy.leaves, &leaf);
    return domctl(XEN_DOMCTL_set_cpu_policy, domain, request);
}

bool no_segment_bases() {
    if ((offered(7, 0).b & has_segment_bases) != 0) return false;
    skip("this CPU has no FSGSBASE");
    return true;
}
bool no_wide_registers() {
    if ((offered(1, no_subleaf).c & has_wide) != 0) return false;
    skip("this CPU has no AVX");
    return true;
}

// In a copy of this guest, which begins with none of the kernel's choices made.
volatile std::uint64_t twin_cr4, twin_vector, twin_base;
[[noreturn]] void power_off() {
    sched_shutdown_t end{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(end);
}
[[noreturn]] void twin_body() {
    start_memory(start);
    start_traps();
    twin_cr4 = cr4();
    const auto fault = fault_of([] { asm volatile("wrfsbase %0" ::"r"(0x1000ull)); });
    twin_vector = fault ? fault->vector : none;
    set_in_cr4(segment_bases, true);
    asm volatile("wrfsbase %0" ::"r"(0x7777000ull));
    for (unsigned turn = 0; turn < 10; ++turn) call<rows::sched_op, SCHEDOP_yield>();
    std::uint64_t base;
    asm volatile("rdfsbase %0" : "=r"(base));
    twin_base = base;
    power_off();
}
[[noreturn]] void choose_all() {
    start_memory(start);
    set_cr4(cr4() | choices);
    twin_cr4 = cr4() & choices;
    power_off();
}

std::uint64_t fs_base() {
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(0xc0000100));
    return std::uint64_t{high} << 32 | low;
}

constexpr auto table = std::to_array<Case>({
    {in_words("mov cr4"), "segment bases are written and read in neither mode until the kernel has switched that on", [] {
        if (no_segment_bases()) return;
        for (const bool on : {false, true, false}) {
            set_in_cr4(segment_bases, on);
            expect_equal(cr4() & segment_bases, on ? segment_bases : 0);
            for (const Mode mode : both_modes)
                for (const Code code : base_instructions) expect_equal(vector_of(mode, code), on ? none : invalid_opcode);
        }
    }},
    {"set_segment_base", "is kept from one switch of FSGSBASE to the next", [] {
        if (no_segment_bases()) return;
        for (const bool on : {true, false, true, false}) {
            expect_equal(set_segment_base(SEGBASE_FS, 0x1234000 + on), 0);
            set_in_cr4(segment_bases, on);
            expect_equal(fs_base(), 0x1234000 + on);
        }
        expect_equal(set_segment_base(SEGBASE_FS, 0), 0);
    }},
    {in_words("vcpu"), "has its own choice and its own bases, whatever the domain has chosen that ran before", [] {
        if (no_segment_bases()) return;
        for (const bool on : {false, true}) {
            set_in_cr4(segment_bases, on);
            expect_equal(set_segment_base(SEGBASE_FS, 0x4321000), 0);
            expect_equal(set_segment_base(SEGBASE_GS_USER, 0x5432000), 0);
            const Twin twin(twin_body);
            expect_equal(twin.trouble, 0);
            expect_equal(twin.start(), 0);
            expect_equal(twin.ended(), SHUTDOWN_poweroff);
            expect_equal(vector_of(Mode::user, rdfsbase), on ? none : invalid_opcode);
            expect_equal(fs_base(), 0x4321000);
            expect_equal(twin.read(twin_cr4) & segment_bases, 0);
            expect_equal(twin.read(twin_vector), invalid_opcode);
            expect_equal(twin.read(twin_base), 0x7777000);
            expect_equal(twin.destroy(), 0);
        }
        set_in_cr4(segment_bases, false);
        set_segment_base(SEGBASE_FS, 0);
        set_segment_base(SEGBASE_GS_USER, 0);
    }},
    {in_words("mov dr4"), "is DR6 until the kernel has switched CR4.DE on, and then #UD", [] {
        const auto read_dr4 = [] { asm volatile("mov %%dr4, %%rax" ::: "rax"); };
        set_in_cr4(debug_extensions, false);
        expect(!fault_of(read_dr4));
        set_in_cr4(debug_extensions, true);
        expect_fault(fault_of(read_dr4), invalid_opcode);
        set_in_cr4(debug_extensions, false);
    }},
    {in_words("mov cr4"), "switches nothing on that a guest may not choose", [] {
        const std::uint64_t before = cr4();
        for (unsigned bit = 0; bit < 64; ++bit) {
            const std::uint64_t wanted = std::uint64_t{1} << bit;
            if ((wanted & choices) != 0) continue;
            expect(!fault_of([=] { set_cr4(before ^ wanted); }));
            expect_equal(cr4(), before);
        }
    }},
    {"domctl.set_cpu_policy", "what it takes away cannot be switched on", [] {
        if (no_segment_bases()) return;
        const auto first = offered(1, no_subleaf), seventh = offered(7, 0);
        for (const std::uint64_t taken : {std::uint64_t{0}, debug_extensions, segment_bases, extended_state}) {
            const Twin twin(choose_all);
            expect_equal(twin.trouble, 0);
            auto left = first, seventh_left = seventh;
            if (taken == debug_extensions) left.d &= ~has_debug_extensions;
            if (taken == extended_state) left.c &= ~has_xsave;
            if (taken == segment_bases) seventh_left.b &= ~has_segment_bases;
            expect_equal(choose_leaf(twin.id, left), 0);
            expect_equal(choose_leaf(twin.id, seventh_left), 0);
            expect_equal(twin.start(), 0);
            expect_equal(twin.ended(), SHUTDOWN_poweroff);
            expect_equal(twin.read(twin_cr4), choices & ~taken);
            expect_equal(twin.destroy(), 0);
        }
    }},
    {"domctl.set_cpu_policy", "what it takes away is no choice of a context that was set before", [] {
        // Basalt's own promise, so that no order of a tool's calls leaves on what the policy says is off.
        if (on_stock_xen()) return skip("stock Xen keeps it on");
        if (no_segment_bases()) return;
        static vcpu_guest_context_t context;
        const SmallDomain other(endless_loop);
        xen_domctl_t request{};
        set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
        const auto context_by = [&](unsigned command) { return domctl(command, other.id, request); };
        expect_equal(context_by(XEN_DOMCTL_getvcpucontext), 0);
        context.ctrlreg[4] |= choices;
        expect_equal(context_by(XEN_DOMCTL_setvcpucontext), 0);
        auto seventh = offered(7, 0);
        seventh.b &= ~has_segment_bases;
        expect_equal(choose_leaf(other.id, seventh), 0);
        expect_equal(context_by(XEN_DOMCTL_getvcpucontext), 0);
        expect_equal(context.ctrlreg[4] & choices, choices & ~segment_bases);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.getvcpucontext", "tells CR0 as the vcpu would see it", [] {
        static vcpu_guest_context_t context;
        const SmallDomain other(endless_loop);
        xen_domctl_t request{};
        set_xen_guest_handle(request.u.vcpucontext.ctxt, &context);
        expect_equal(domctl(XEN_DOMCTL_getvcpucontext, other.id, request), 0);
        std::uint64_t cr0;
        asm volatile("mov %%cr0, %0" : "=r"(cr0));
        expect_equal(context.ctrlreg[0], cr0);
        expect_equal(other.destroy(), 0);
    }},
    {in_words("rdpkru"), "is #UD: a PV guest has no protection keys", [] {
        for (const Mode mode : both_modes) expect_equal(vector_of(mode, rdpkru), invalid_opcode);
    }},
    {in_words("xsetbv"), "without it there are no wide registers", [] {
        if (no_wide_registers()) return;
        for (const bool on : {false, true}) {
            set_in_cr4(extended_state, true);
            asm volatile("xsetbv" ::"a"(on ? 7 : 3), "d"(0), "c"(0));
            for (const Mode mode : both_modes) expect_equal(vector_of(mode, fill_wide), on ? none : invalid_opcode);
        }
    }},
    {in_words("xsetbv"), "what it has switched on is on only while CR4.OSXSAVE is", [] {
        // Basalt's own promise. It protects the processes of a kernel that has gone back to FXSAVE.
        if (on_stock_xen()) return skip("stock Xen leaves it on, where a processor would not");
        if (no_wide_registers()) return;
        for (const bool on : {false, true, false}) {
            set_in_cr4(extended_state, on);
            for (const Mode mode : both_modes) {
                expect_equal(vector_of(mode, fill_wide), on ? none : invalid_opcode);
                Word64 components{};
                expect(!call_in(mode, xgetbv, components));
                expect_equal(components.value, on ? 7 : 3);
            }
        }
    }},
});

}
constinit const std::span<const Case> cases = table;
}
