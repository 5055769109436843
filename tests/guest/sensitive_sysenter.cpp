// REQUIRES: basalt
// RUN: %boot-guest --cpu max,-la57,-smap,vendor=GenuineIntel | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// SYSENTER where the processor has it in long mode, which is Intel's: Basalt takes none, whatever callback is registered, for
// it is not offered by CPUID. Not for stock Xen, whose entry, under QEMU 7.2 with this processor, double faults.
#include "kit/case.hpp"
#include "kit/modes.hpp"

namespace kit {
namespace {

struct Nothing {};
[[gnu::section(".user")]] void sysenter(Nothing&) { asm volatile("sysenter"); }
[[gnu::section(".user")]] void sysexit(Nothing&) { asm volatile("sysexit"); }

void is_refused(void (*code)(Nothing&)) {
    for (const Mode mode : both_modes) {
        Nothing nothing;
        const auto ended = call_in(mode, code, nothing);
        if (!ended || ended->vector != 13 || ended->error != 0) fail(Line{} << name_of(mode));
    }
}

constexpr auto table = std::to_array<Case>({
    {in_words("sysenter"), "is #GP", [] { is_refused(sysenter); }},
    {in_words("sysexit"), "is #GP", [] { is_refused(sysexit); }},
});

}
constinit const std::span<const Case> cases = table;
}
