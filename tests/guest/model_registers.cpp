// RUN: %boot-guest --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Model-specific registers of the guest's kernel, and the CPUID leaves that go with them.
#include "kit/case.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/traps.hpp"

#include <atomic>

namespace kit {
namespace {

constexpr unsigned general_protection = 13;
constexpr std::uint32_t check_address = 0, check_type = 1, microcode_revision = 0x8b, platform_information = 0xce,
                        feature_enables = 0x140, check_capability = 0x179, check_status = 0x17a, check_control = 0x17b,
                        misc_enable = 0x1a0, page_attributes = 0x277, performance_capabilities = 0x345, bank_control = 0x400,
                        hypercall_page = 0x40000000, tsc_aux = 0xc0000103, hardware_configuration = 0xc0010015, decode_configuration = 0xc0011029;

struct Leaf { std::uint32_t a, b, c, d; };
Leaf forced_cpuid(std::uint32_t number) {
    Leaf leaf{number, 0, 0, 0};
    asm volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(leaf.a), "=b"(leaf.b), "+c"(leaf.c), "=d"(leaf.d));
    return leaf;
}
bool is_amd() { return forced_cpuid(0).b == 0x68747541; }

std::uint64_t read_msr(std::uint32_t number) {
    std::uint32_t low, high;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return std::uint64_t{high} << 32 | low;
}
void write_msr(std::uint32_t number, std::uint64_t value) {
    asm volatile("wrmsr" ::"c"(number), "a"(static_cast<std::uint32_t>(value)), "d"(static_cast<std::uint32_t>(value >> 32)));
}
void is_refused(std::uint32_t number, std::uint64_t value) {
    const auto fault = fault_of([&] { write_msr(number, value); });
    if (!fault || fault->vector != general_protection) fail(Line{} << "register " << number << " was written");
}

bool has_rdtscp() { return forced_cpuid(0x80000001).d >> 27 & 1; }
std::uint32_t aux_by_rdtscp() {
    std::uint32_t aux;
    asm volatile("rdtscp" : "=c"(aux)::"rax", "rdx");
    return aux;
}
bool has_rdpid() { return forced_cpuid(7).c >> 22 & 1; }
std::uint64_t aux_by_rdpid() {
    std::uint64_t aux;
    asm volatile("rdpid %0" : "=r"(aux));
    return aux;
}

// On the second vcpu, which shares the CPU with the first.
std::atomic<std::uint32_t> seconds_aux;
void have_own_aux() {
    write_msr(tsc_aux, 0x22222222);
    seconds_aux = aux_by_rdtscp();
}
void tell_aux() { seconds_aux = aux_by_rdtscp(); }

constexpr auto table = std::to_array<Case>({
    {in_words("rdmsr"), "what a PV guest has none of reads 0", [] {
        for (const std::uint32_t number : {check_address, check_type, platform_information, feature_enables, check_status,
                                           check_control, performance_capabilities, hypercall_page})
            if (read_msr(number) != 0) fail(Line{} << "register " << number << " reads " << read_msr(number));
    }},
    {in_words("wrmsr"), "what would tell of machine checks may be written, and is forgotten", [] {
        for (const std::uint32_t number : {check_capability, check_status, check_control, bank_control}) {
            const std::uint64_t before = read_msr(number);
            expect(!fault_of([&] { write_msr(number, 0); }));
            expect_equal(read_msr(number), before);
        }
    }},
    {in_words("wrmsr"), "what a guest cannot change is #GP, also as it is", [] {
        for (const std::uint32_t number : {check_address, check_type, platform_information, page_attributes,
                                           performance_capabilities})
            is_refused(number, read_msr(number));
    }},
    {in_words("wrmsr"), "faulting CPUID cannot be switched on: no policy has it", [] {
        expect(!fault_of([] { write_msr(feature_enables, 0); }));
        is_refused(feature_enables, 1);
    }},
    {in_words("rdmsr"), "IA32_MISC_ENABLE offers no counters, no event sampling and no branch trace, and is nobody's to write", [] {
        constexpr std::uint64_t counters = 1 << 7, no_trace = 1 << 11, no_sampling = 1 << 12;
        const std::uint64_t value = read_msr(misc_enable);
        expect_equal(value & (counters | no_trace | no_sampling), no_trace | no_sampling);
        expect(!fault_of([] { write_msr(misc_enable, 0); }));
        expect_equal(read_msr(misc_enable), value);
    }},
    {in_words("wrmsr"), "the microcode's revision is written as 0 on Intel's processors, by kernels that read it then", [] {
        if (is_amd())
            is_refused(microcode_revision, read_msr(microcode_revision));
        else
            expect(!fault_of([] { write_msr(microcode_revision, 0); }));
        is_refused(microcode_revision, 1);
    }},
    {in_words("wrmsr"), "TSC_AUX is 32 bits of the kernel's, which RDTSCP and RDPID tell", [] {
        if (!has_rdtscp()) return skip("this processor has no RDTSCP");
        for (const std::uint32_t value : {0xffffffffu, 1u, 0x12345678u}) {
            write_msr(tsc_aux, value);
            expect_equal(read_msr(tsc_aux), value);
            expect_equal(aux_by_rdtscp(), value);
            if (has_rdpid()) expect_equal(aux_by_rdpid(), value);
        }
        is_refused(tsc_aux, std::uint64_t{1} << 32);
        expect_equal(aux_by_rdtscp(), 0x12345678);
    }},
    {in_words("wrmsr"), "TSC_AUX is one vcpu's: two that share a CPU each have their own", [] {
        if (!has_rdtscp()) return skip("this processor has no RDTSCP");
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        write_msr(tsc_aux, 0x11111111);
        run_on_second(tell_aux);
        expect_equal(seconds_aux.load(), 0);
        run_on_second(have_own_aux);
        expect_equal(seconds_aux.load(), 0x22222222);
        expect_equal(aux_by_rdtscp(), 0x11111111);
        run_on_second(tell_aux);
        expect_equal(seconds_aux.load(), 0x22222222);
        write_msr(tsc_aux, 0);
    }},
    {in_words("rdmsr"), "HWCR says that the TSC runs at the frequency of P0 where CPUID says that it is invariant", [] {
        if (!is_amd()) return skip("not of this vendor's processors");
        expect_equal(read_msr(hardware_configuration) >> 24 & 1, forced_cpuid(0x80000007).d >> 8 & 1);
    }},
    {in_words("cpuid"), "LFENCE serialises as DE_CFG says, and the last extended leaf is where that is told", [] {
        if (!is_amd()) return skip("not of this vendor's processors");
        expect_equal(read_msr(decode_configuration), 2);
        expect_equal(forced_cpuid(0x80000000).a, 0x80000021);
        expect_equal(forced_cpuid(0x80000021).a >> 2 & 1, 1);
    }},
    {in_words("cpuid"), "the leaf of time says whether the processor has RDTSCP", [] {
        expect_equal(forced_cpuid(0x40000003).a >> 2 & 1, forced_cpuid(0x80000001).d >> 27 & 1);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
