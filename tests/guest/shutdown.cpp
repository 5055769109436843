// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A domain ends its run with a reason, or somebody does it for it; tools may let it go on as if nothing had been.
#include "kit/case.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

volatile std::uint64_t steps;

void end_for(unsigned reason) {
    sched_shutdown_t request{reason};
    sched_op(SCHEDOP_shutdown, &request);
}

[[noreturn]] void suspend_then_go_on() {
    steps = 1;
    end_for(SHUTDOWN_suspend);
    steps = 2;
    for (;;) end_for(SHUTDOWN_poweroff);
}

[[noreturn]] void name_a_reason_before() {
    sched_shutdown_t request{SHUTDOWN_crash};
    if (sched_op(SCHEDOP_shutdown_code, &request) == 0) steps = 1;
    request.reason = SHUTDOWN_reboot;
    if (sched_op(SCHEDOP_shutdown_code, &request) == 0) steps = steps + 1;
    for (;;) end_for(SHUTDOWN_poweroff);
}

[[noreturn]] void spin() {
    for (;;) steps = steps + 1;
}

constexpr auto table = std::to_array<Case>({
    {"sched_op.shutdown_code", "the reason named first is the one that tools see", [] {
        const Twin twin(name_a_reason_before);
        expect_equal(twin.trouble, 0);
        twin.start();
        expect_equal(twin.ended(), SHUTDOWN_crash);
        expect_equal(twin.read(steps), 2);
        note_answers_of(twin);
        expect_equal(twin.destroy(), 0);
    }},
    {"domctl.resumedomain", "a domain that has shut down goes on behind its call", [] {
        const Twin twin(suspend_then_go_on);
        expect_equal(twin.trouble, 0);
        twin.start();
        expect_equal(twin.ended(), SHUTDOWN_suspend);
        expect_equal(twin.read(steps), 1);
        expect_equal(domctl(XEN_DOMCTL_resumedomain, twin.id), 0);
        while (twin.read(steps) != 2) sched_op(SCHEDOP_yield);
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        expect_equal(twin.destroy(), 0);
    }},
    {"sched_op.remote_shutdown", "Dom0 ends the run of a domain that never asks for it", [] {
        const Twin twin(spin);
        expect_equal(twin.trouble, 0);
        twin.start();
        while (twin.read(steps) == 0) sched_op(SCHEDOP_yield);
        sched_remote_shutdown_t request{static_cast<domid_t>(twin.id), SHUTDOWN_watchdog};
        expect_equal(sched_op(SCHEDOP_remote_shutdown, &request), 0);
        expect_equal(twin.ended(), SHUTDOWN_watchdog);
        const std::uint64_t seen = twin.read(steps);
        for (unsigned i = 0; i < 100; ++i) sched_op(SCHEDOP_yield);
        expect_equal(twin.read(steps), seen);
        expect_equal(twin.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
