// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A vcpu beyond those that have a place in shared_info, set up by a tool before its kernel has named one: it runs all the same.
#include "kit/case.hpp"
#include "kit/twin.hpp"
#include "kit/user.hpp"

asm(R"(
        .section .user, "ax"
user_syscall:   syscall
user_touch:     cmpb %al, 0x1000
user_ud2:       ud2
        .previous
)");
extern "C" std::byte user_syscall[], user_touch[], user_ud2[];

namespace kit {
namespace {

volatile std::uint64_t came_back = 0;

[[noreturn]] void go_to_user_mode() {
    start_traps();
    for (const std::byte* code : {user_syscall, user_touch, user_ud2})
        for (const std::uint64_t flags : {0, VGCF_in_syscall}) {
            Frame frame = user_frame(code);
            frame.error = flags;
            const Frame after = run_user(frame);
            if (after.from_user()) came_back = came_back + 1;
        }
    sched_shutdown_t request{SHUTDOWN_suspend};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(request);
}

constexpr auto table = std::to_array<Case>({
    {"domctl.setvcpucontext", "a vcpu without a vcpu_info goes to user mode and comes back", [] {
        constexpr unsigned first_without = XEN_LEGACY_MAX_VCPUS;
        const Twin twin(go_to_user_mode, first_without + 1, first_without);
        expect_equal(twin.trouble, 0);
        expect_equal(twin.start(), 0);
        expect_equal(twin.ended(), SHUTDOWN_suspend);
        expect_equal(twin.read(came_back), 6);
        expect_equal(twin.destroy(), 0);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
