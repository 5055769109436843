// REQUIRES: basalt
// RUN: %boot-guest --cpu max,-la57,-smap,vendor=GenuineIntel | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// SYSENTER where the processor has it in long mode, which is Intel's: Basalt takes none. Not for stock Xen, which has a
// callback for it, and whose entry, under QEMU 7.2 with this processor, double faults.
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
    {"callback_op.register", "has none for SYSENTER", [] {
        callback_register_t callback{};
        callback.type = CALLBACKTYPE_sysenter;
        callback.address = reinterpret_cast<xen_callback_t>(system_call_way_in);
        expect_equal(callback_op(CALLBACKOP_register, &callback), -XEN_ENOSYS);
    }},
    {"sysenter", "is #GP", [] { is_refused(sysenter); }},
    {"sysexit", "is #GP", [] { is_refused(sysexit); }},
});

}
constinit const std::span<const Case> cases = table;
}
