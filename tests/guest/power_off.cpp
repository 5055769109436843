// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
// CHECK: boot_guest: the end: power off
//
// Which sleep states Dom0 may ask for; and the machine goes off by the last of these calls. QEMU says so.
#include "kit/case.hpp"

namespace kit {
namespace {

constexpr std::uint16_t sleep_enable = 1 << 13;      // PM1 control, ACPI 6.4 table 4.19

Status sleep(std::uint32_t state, std::uint16_t pm1a, std::uint16_t pm1b = 0, std::uint32_t flags = 0) {
    xen_platform_op_t request{};
    request.cmd = XENPF_enter_acpi_sleep;
    request.interface_version = XENPF_INTERFACE_VERSION;
    request.u.enter_acpi_sleep = {.val_a = pm1a, .val_b = pm1b, .sleep_state = state, .flags = flags};
    return platform_op(request);
}

// The sleep type of QEMU's \_S5 is 0. If the machine stays, the guest must not end it in another way.
void power_off() {
    sleep(5, sleep_enable);
    for (;;) call<rows::sched_op, SCHEDOP_yield>();
}

constexpr auto table = std::to_array<Case>({
    {"platform_op.enter_acpi_sleep", "refuses states that there are not", [] {
        for (const std::uint32_t state : {0u, 6u, 7u, ~0u}) expect_equal(sleep(state, 0), -XEN_EINVAL);
    }},
    {"platform_op.enter_acpi_sleep", "refuses flags, and values that disagree about sleep enable", [] {
        for (const std::uint32_t flags : {2u, 1u << 31}) expect_equal(sleep(5, 0, 0, flags), -XEN_EINVAL);
        expect_equal(sleep(5, 0, sleep_enable), -XEN_EINVAL);
        expect_equal(sleep(5, sleep_enable, 1), -XEN_EINVAL);
    }},
    {"platform_op.enter_acpi_sleep", "refuses the extended registers, which the machine has not", [] {
        expect_equal(sleep(5, 0, 0, XENPF_ACPI_SLEEP_EXTENDED), -XEN_EPERM);
        expect_equal(sleep(0, 0, 0, XENPF_ACPI_SLEEP_EXTENDED), -XEN_EPERM);
    }},
    {"platform_op.enter_acpi_sleep", "enters no state but soft off", [] {
        if (on_stock_xen()) return skip("stock Xen sleeps, and nobody wakes it");
        for (const std::uint32_t state : {1u, 2u, 3u, 4u}) expect_equal(sleep(state, 0), -XEN_EOPNOTSUPP);
    }},
    {"platform_op.enter_acpi_sleep", "the machine goes off, behind the last line of this guest", [] {
        note_success(__HYPERVISOR_platform_op, XENPF_enter_acpi_sleep);
        end_with(power_off);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
