// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Model-specific registers of the guest's kernel, and the CPUID leaves that go with them.
#include "kit/case.hpp"
#include "kit/traps.hpp"

namespace kit {
namespace {

constexpr unsigned general_protection = 13;
constexpr std::uint32_t check_address = 0, check_type = 1, microcode_revision = 0x8b, platform_information = 0xce,
                        feature_enables = 0x140, check_capability = 0x179, check_status = 0x17a, check_control = 0x17b,
                        misc_enable = 0x1a0, page_attributes = 0x277, performance_capabilities = 0x345, bank_control = 0x400,
                        hypercall_page = 0x40000000, hardware_configuration = 0xc0010015, decode_configuration = 0xc0011029;

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

constexpr auto table = std::to_array<Case>({
    {"rdmsr", "what a PV guest has none of reads 0", [] {
        for (const std::uint32_t number : {check_address, check_type, platform_information, feature_enables, check_status,
                                           check_control, performance_capabilities, hypercall_page})
            if (read_msr(number) != 0) fail(Line{} << "register " << number << " reads " << read_msr(number));
    }},
    {"wrmsr", "what would tell of machine checks may be written, and is forgotten", [] {
        for (const std::uint32_t number : {check_capability, check_status, check_control, bank_control}) {
            const std::uint64_t before = read_msr(number);
            expect(!fault_of([&] { write_msr(number, 0); }));
            expect_equal(read_msr(number), before);
        }
    }},
    {"wrmsr", "what a guest cannot change is #GP, also as it is", [] {
        for (const std::uint32_t number : {check_address, check_type, platform_information, page_attributes,
                                           performance_capabilities})
            is_refused(number, read_msr(number));
    }},
    {"wrmsr", "faulting CPUID cannot be switched on: no policy has it", [] {
        expect(!fault_of([] { write_msr(feature_enables, 0); }));
        is_refused(feature_enables, 1);
    }},
    {"rdmsr", "IA32_MISC_ENABLE offers no counters, no event sampling and no branch trace, and is nobody's to write", [] {
        constexpr std::uint64_t counters = 1 << 7, no_trace = 1 << 11, no_sampling = 1 << 12;
        const std::uint64_t value = read_msr(misc_enable);
        expect_equal(value & (counters | no_trace | no_sampling), no_trace | no_sampling);
        expect(!fault_of([] { write_msr(misc_enable, 0); }));
        expect_equal(read_msr(misc_enable), value);
    }},
    {"wrmsr", "the microcode's revision is written as 0 on Intel's processors, by kernels that read it then", [] {
        if (is_amd())
            is_refused(microcode_revision, read_msr(microcode_revision));
        else
            expect(!fault_of([] { write_msr(microcode_revision, 0); }));
        is_refused(microcode_revision, 1);
    }},
    {"rdmsr", "HWCR says that the TSC runs at the frequency of P0 where CPUID says that it is invariant", [] {
        if (!is_amd()) return skip("not of this vendor's processors");
        expect_equal(read_msr(hardware_configuration) >> 24 & 1, forced_cpuid(0x80000007).d >> 8 & 1);
    }},
    {"cpuid", "LFENCE serialises as DE_CFG says, and the last extended leaf is where that is told", [] {
        if (!is_amd()) return skip("not of this vendor's processors");
        expect_equal(read_msr(decode_configuration), 2);
        expect_equal(forced_cpuid(0x80000000).a, 0x80000021);
        expect_equal(forced_cpuid(0x80000021).a >> 2 & 1, 1);
    }},
    {"cpuid", "the leaf of time says whether the processor has RDTSCP", [] {
        expect_equal(forced_cpuid(0x40000003).a >> 2 & 1, forced_cpuid(0x80000001).d >> 27 & 1);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
