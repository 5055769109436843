// RUN: %boot-guest --cpus 2 | FileCheck %s
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
    call<rows::sched_op, SCHEDOP_shutdown>(request);
}

[[noreturn]] void suspend_then_go_on() {
    steps = 1;
    end_for(SHUTDOWN_suspend);
    steps = 2;
    for (;;) end_for(SHUTDOWN_poweroff);
}

[[noreturn]] void suspend_again_and_again() {
    for (;;) {
        end_for(SHUTDOWN_suspend);
        steps = steps + 1;
    }
}

[[noreturn]] void name_a_reason_before() {
    sched_shutdown_t request{SHUTDOWN_crash};
    if (call<rows::sched_op, SCHEDOP_shutdown_code>(request) == 0) steps = 1;
    request.reason = SHUTDOWN_reboot;
    if (call<rows::sched_op, SCHEDOP_shutdown_code>(request) == 0) steps = steps + 1;
    for (;;) end_for(SHUTDOWN_poweroff);
}

[[noreturn]] void spin() {
    for (;;) steps = steps + 1;
}

unsigned reason_in(std::uint32_t flags) { return flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask; }

// Not yet a domain that could run.
struct Unmade : EmptyDomain {
    Unmade() : EmptyDomain(1) {}
    std::int64_t make_vcpus() const {
        xen_domctl_t request{};
        request.u.max_vcpus.max = 1;
        return domctl(XEN_DOMCTL_max_vcpus, id, request);
    }
};

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
        while (twin.read(steps) != 2) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        expect_equal(twin.destroy(), 0);
    }},
    {"domctl.resumedomain", "a domain that was shut down before it had vcpus can be made whole, and started", [] {
        const Unmade other;
        expect_equal(other.trouble, 0);
        sched_remote_shutdown_t request{static_cast<domid_t>(other.id), SHUTDOWN_suspend};
        expect_equal(call<rows::sched_op, SCHEDOP_remote_shutdown>(request), 0);
        expect_equal(other.make_vcpus(), 0);
        expect_equal(domctl(XEN_DOMCTL_resumedomain, other.id), 0);
        expect(!other.has_ended());
        expect_equal(domctl(XEN_DOMCTL_resumedomain, other.id), 0);
        expect_equal(other.info().flags & XEN_DOMINF_paused, XEN_DOMINF_paused);
        expect_equal(other.start(), 0);
        expect_equal(domctl(XEN_DOMCTL_unpausedomain, other.id), -XEN_EINVAL);
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.resumedomain", "races with the domain's own shutdowns, and it goes on each time", [] {
        constexpr unsigned many = 64;       // of its vcpus one runs; stopping and resuming the others takes time
        constexpr unsigned calls = 4000;    // one in twenty finds that it has shut down; on a busy machine fewer
        const Twin twin(suspend_again_and_again, many);
        expect_equal(twin.trouble, 0);
        twin.start();
        bool right = true;
        const auto resume = [&] {
            right &= expect_equal(domctl(XEN_DOMCTL_resumedomain, twin.id), 0);
            const auto flags = twin.info().flags;
            right &= expect((flags & XEN_DOMINF_shutdown) == 0 || reason_in(flags) == SHUTDOWN_suspend);
        };
        for (unsigned call = 0; right && call < calls; ++call) resume();
        const auto before = twin.read(steps);
        while (right && twin.read(steps) == before) resume();
        expect_equal(twin.destroy(), 0);
    }},
    {"domctl.getdomaininfo", "tells a reason once there is one, 255 before and after", [] {
        const Unmade other;
        expect_equal(reason_in(other.info().flags), 255);
        sched_remote_shutdown_t request{static_cast<domid_t>(other.id), SHUTDOWN_reboot};
        expect_equal(call<rows::sched_op, SCHEDOP_remote_shutdown>(request), 0);
        expect_equal(reason_in(other.info().flags), SHUTDOWN_reboot);
        expect_equal(domctl(XEN_DOMCTL_resumedomain, other.id), 0);
        expect_equal(reason_in(other.info().flags), 255);
        expect_equal(other.destroy(), 0);
    }},
    {"sched_op.remote_shutdown", "Dom0 ends the run of a domain that never asks for it", [] {
        const Twin twin(spin);
        expect_equal(twin.trouble, 0);
        twin.start();
        while (twin.read(steps) == 0) call<rows::sched_op, SCHEDOP_yield>();
        sched_remote_shutdown_t request{static_cast<domid_t>(twin.id), SHUTDOWN_watchdog};
        expect_equal(call<rows::sched_op, SCHEDOP_remote_shutdown>(request), 0);
        expect_equal(twin.ended(), SHUTDOWN_watchdog);
        // The call does not wait for the CPU that has it.
        while (twin.info().flags & XEN_DOMINF_running) call<rows::sched_op, SCHEDOP_yield>();
        const std::uint64_t seen = twin.read(steps);
        for (unsigned i = 0; i < 100; ++i) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(twin.read(steps), seen);
        expect_equal(twin.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
