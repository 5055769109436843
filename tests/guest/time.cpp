// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Time: the clock page, timers that never come early, the runstate area, waiting.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/events.hpp"
#include "kit/ports.hpp"

namespace kit {
namespace {

constexpr std::uint64_t millisecond = 1'000'000;

unsigned timer_port() {
    static unsigned port;
    if (const Opened timer = bind_virq(VIRQ_TIMER); timer.status == 0) port = timer.port;
    return port;
}

// Blocks until the timer's event has come; the time when it was seen.
std::uint64_t wait_for_timer() {
    const unsigned port = timer_port();
    while (fired(port) == 0) call<rows::sched_op, SCHEDOP_block>();       // allows events, as the call says
    vcpu_info().evtchn_upcall_mask = 1;
    return now();
}

// Sets a timer, and does something about it before it is due. A machine that was too slow for both in time does so again.
template <typename Set, typename Act>
void before_it_is_due(Set set, Act act) {
    for (;;) {
        const std::uint64_t deadline = now() + 2 * millisecond;
        expect_equal(set(deadline), 0);
        expect_equal(act(), 0);
        if (now() < deadline) return;
        expect_equal(set_timer_op(0), 0);
        let_events_in();
        fired(timer_port());
    }
}

Status set_singleshot(std::uint64_t deadline) {
    vcpu_set_singleshot_timer_t request{deadline, 0};
    return call<rows::vcpu_op, VCPUOP_set_singleshot_timer>(0, request);
}

// Sleeps; by how much `blocked` grew. On a slow machine the timer may be due before the call that waits: then once more.
template <typename Read>
std::uint64_t slept(Read blocked) {
    const std::uint64_t before = blocked();
    for (unsigned tries = 0; tries < 10 && blocked() < before + millisecond; ++tries) {
        set_timer_op(now() + 5 * millisecond);
        wait_for_timer();
    }
    return blocked() - before;
}

struct Poll {
    sched_poll_t request{};
    evtchn_port_t port;
    Status run(std::uint64_t timeout) {
        request.nr_ports = 1;
        request.timeout = timeout;
        set_xen_guest_handle(request.ports, &port);
        return call<rows::sched_op, SCHEDOP_poll>(request);
    }
};

vcpu_runstate_info_t area;

Status register_runstate(vcpu_runstate_info_t* place) {
    vcpu_register_runstate_memory_area_t request{};
    set_xen_guest_handle(request.addr.h, place);
    return call<rows::vcpu_op, VCPUOP_register_runstate_memory_area>(0, request);
}

constexpr auto table = std::to_array<Case>({
    {"vcpu_op.stop_periodic_timer", "stops the timer a Xen vcpu starts with", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(0), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(0), 0);
    }},
    {in_words("pvclock"), "the page is consistent and describes a running clock", [] {
        const auto& time = vcpu_info().time;
        expect_equal(time.version & 1, 0);
        expect(time.tsc_to_system_mul != 0);
    }},
    {in_words("pvclock"), "never goes back, and goes on", [] {
        std::uint64_t last = now();
        const std::uint64_t first = last;
        for (unsigned i = 0; i < 100'000; ++i) {
            const std::uint64_t next = now();
            if (!expect(next >= last)) return;
            last = next;
        }
        expect(last > first);
    }},
    {in_words("pvclock"), "goes on across calls and waiting", [] {
        timer_port();   // an event without a port is dropped, so the port comes before the timer
        const std::uint64_t before = now();
        expect_equal(set_timer_op(before + 5 * millisecond), 0);
        const std::uint64_t after = wait_for_timer();
        expect(after >= before + 5 * millisecond);
    }},
    {in_words("pvclock"), "wall clock: system time plus the start is a plausible date", [] {
        expect_equal(shared->wc_version & 1, 0);
        const std::uint64_t seconds = (std::uint64_t{shared->wc_sec_hi} << 32 | shared->wc_sec) + now() / 1'000'000'000;
        expect(seconds > 1'600'000'000 && seconds < 8'000'000'000);
    }},
    {"set_timer_op", "the event does not come before the deadline", [] {
        for (unsigned i = 0; i < 5; ++i) {
            const std::uint64_t deadline = now() + 3 * millisecond;
            expect_equal(set_timer_op(deadline), 0);
            expect(wait_for_timer() >= deadline);
        }
    }},
    {"set_timer_op", "a deadline in the past comes at once", [] {
        if (expect_equal(set_timer_op(now() - millisecond), 0)) wait_for_timer();
        if (expect_equal(set_timer_op(1), 0)) wait_for_timer();
    }},
    {"set_timer_op", "a later deadline replaces an earlier one, and 0 stops", [] {
        const unsigned port = timer_port();
        std::uint64_t later = 0;
        before_it_is_due(set_timer_op, [&] { return set_timer_op(later = now() + 20 * millisecond); });
        expect(wait_for_timer() >= later);
        before_it_is_due(set_timer_op, [] { return set_timer_op(0); });
        Poll nothing{.port = port_of(alloc_unbound())};
        nothing.run(now() + 10 * millisecond);
        let_events_in();
        expect_equal(fired(port), 0);
    }},
    {"vcpu_op.set_singleshot_timer", "like set_timer_op, for a vcpu", [] {
        vcpu_set_singleshot_timer_t request{now() + 3 * millisecond, 0};
        expect_equal(call<rows::vcpu_op, VCPUOP_set_singleshot_timer>(0, request), 0);
        expect(wait_for_timer() >= request.timeout_abs_ns);
    }},
    {"vcpu_op.set_singleshot_timer", "a past deadline comes at once, the future flag changes nothing", [] {
        vcpu_set_singleshot_timer_t request{now() - millisecond, VCPU_SSHOTTMR_future};
        if (expect_equal(call<rows::vcpu_op, VCPUOP_set_singleshot_timer>(0, request), 0)) wait_for_timer();
    }},
    {"vcpu_op.stop_singleshot_timer", "nothing comes afterwards", [] {
        before_it_is_due(set_singleshot, [] { return call<rows::vcpu_op, VCPUOP_stop_singleshot_timer>(0); });
        Poll wait{.port = timer_port()};
        wait.run(now() + 6 * millisecond);
        expect(!pending(timer_port()));
    }},
    {"vcpu_op.set_singleshot_timer", "refuses vcpus that do not exist and bad addresses", [] {
        vcpu_set_singleshot_timer_t request{now() + millisecond, 0};
        expect_equal(call<rows::vcpu_op, VCPUOP_set_singleshot_timer>(1, request), -XEN_ENOENT);
        expect_equal(untyped::vcpu_op(VCPUOP_set_singleshot_timer, 0, nowhere), -XEN_EFAULT);
    }},
    {"vcpu_op.set_periodic_timer", "comes again and again while the vcpu runs, until stopped", [] {
        vcpu_set_periodic_timer_t request{2 * millisecond};
        const std::uint64_t begin = now();
        expect_equal(call<rows::vcpu_op, VCPUOP_set_periodic_timer>(0, request), 0);
        // Only a running vcpu is sure to see it: on stock Xen the periodic timer stands still while it blocks.
        const unsigned port = timer_port();
        allow_events(true);
        while (seen.port[port] < 4) __builtin_ia32_pause();
        allow_events(false);
        expect(now() >= begin + 4 * millisecond);
        expect_equal(call<rows::vcpu_op, VCPUOP_stop_periodic_timer>(0), 0);
        let_events_in();
        fired(port);
        Poll wait{.port = port};
        wait.run(now() + 10 * millisecond);
        expect(!pending(port));
    }},
    {"vcpu_op.set_periodic_timer", "refuses periods that are too short", [] {
        vcpu_set_periodic_timer_t request{1000};
        expect_equal(call<rows::vcpu_op, VCPUOP_set_periodic_timer>(0, request), -XEN_EINVAL);
    }},
    {"sched_op.block", "returns when an event is already pending", [] {
        const unsigned ipi = port_of(bind_ipi());
        send(ipi);
        expect_equal(call<rows::sched_op, SCHEDOP_block>(), 0);
        vcpu_info().evtchn_upcall_mask = 1;
        expect_equal(fired(ipi), 1);
        close(ipi);
    }},
    {"sched_op.yield", "comes back", [] { expect_equal(call<rows::sched_op, SCHEDOP_yield>(), 0); }},
    {"sched_op.poll", "times out, not early", [] {
        Poll poll{.port = timer_port()};
        mask(poll.port, true);
        const std::uint64_t deadline = now() + 4 * millisecond;
        expect_equal(poll.run(deadline), 0);
        expect(now() >= deadline);
        mask(poll.port, false);
    }},
    {"sched_op.poll", "sees a pending port though it is masked and events are shut out", [] {
        const unsigned ipi = port_of(bind_ipi());
        mask(ipi, true);
        send(ipi);
        Poll poll{.port = ipi};
        expect_equal(poll.run(0), 0);             // no timeout: comes back only because of the port
        expect(pending(ipi));
        close(ipi);
    }},
    {"sched_op.poll", "wakes when the port's event comes", [] {
        Poll poll{.port = timer_port()};
        mask(poll.port, true);
        const std::uint64_t deadline = now() + 3 * millisecond;
        set_timer_op(deadline);
        expect_equal(poll.run(0), 0);
        expect(now() >= deadline);
        expect(pending(poll.port));
        unmask(poll.port);
        let_events_in();
        expect_equal(fired(poll.port), 1);
    }},
    {"sched_op.poll", "takes 128 ports, of which one is pending", [] {
        const unsigned quiet = port_of(bind_ipi()), loud = port_of(bind_ipi());
        std::array<evtchn_port_t, 128> ports;
        ports.fill(quiet);
        ports.back() = loud;
        mask(loud, true);
        expect_equal(send(loud), 0);
        sched_poll_t request{};
        request.nr_ports = ports.size();
        set_xen_guest_handle(request.ports, ports.data());
        expect_equal(call<rows::sched_op, SCHEDOP_poll>(request), 0);
        for (const unsigned port : {quiet, loud}) expect_equal(close(port), 0);
    }},
    {"sched_op.poll", "refuses too many ports, bad lists, bad ports", [] {
        Poll poll{.port = 3000000};
        expect_equal(poll.run(1), -XEN_EINVAL);
        sched_poll_t request{};
        request.nr_ports = 129;
        expect_equal(call<rows::sched_op, SCHEDOP_poll>(request), -XEN_EINVAL);
        request.nr_ports = 1;
        set_xen_guest_handle(request.ports, reinterpret_cast<evtchn_port_t*>(nowhere));
        expect_equal(call<rows::sched_op, SCHEDOP_poll>(request), -XEN_EFAULT);
        expect_equal(untyped::sched_op(SCHEDOP_poll, nowhere), -XEN_EFAULT);
    }},
    {"sched_op", "refuses unknown commands", [] {
        expect_equal(untyped::sched_op(99, nullptr), -XEN_ENOSYS);
        expect_equal(untyped::sched_op(SCHEDOP_shutdown, nowhere), -XEN_EFAULT);
        sched_remote_shutdown_t remote{5, SHUTDOWN_crash};
        expect_equal(call<rows::sched_op, SCHEDOP_remote_shutdown>(remote), -XEN_ESRCH);
    }},
    {"sched_op.watchdog", "can be set and taken back", [] {
        sched_watchdog_t watchdog{0, 30};
        const Status id = call<rows::sched_op, SCHEDOP_watchdog>(watchdog);
        expect_equal(id, 1);
        watchdog = {static_cast<std::uint32_t>(id), 0};
        expect_equal(call<rows::sched_op, SCHEDOP_watchdog>(watchdog), 0);
    }},
    {"sched_op.watchdog", "there are two; a third, and one that is not there, are refused", [] {
        constexpr std::uint32_t far_off = 3600;      // seconds
        const auto ask = [](std::uint32_t id, std::uint32_t timeout) {
            sched_watchdog_t watchdog{id, timeout};
            return static_cast<int>(call<rows::sched_op, SCHEDOP_watchdog>(watchdog));    // stock Xen cuts its -ENOSPC to 32 bits
        };
        expect_equal(ask(0, far_off), 1);
        expect_equal(ask(0, far_off), 2);
        expect_equal(ask(0, far_off), -XEN_ENOSPC);
        expect_equal(ask(2, far_off), 0);             // set anew
        expect_equal(ask(3, far_off), -XEN_EINVAL);
        expect_equal(ask(0xffffffff, 0), -XEN_EINVAL);
        expect_equal(ask(1, 0), 0);
        expect_equal(ask(1, 0), -XEN_EINVAL);
        expect_equal(ask(2, 0), 0);
    }},
    {"sched_op.pin_override", "a vcpu pins itself once, to a CPU that is there, until it says otherwise", [] {
        const auto ask = [](int cpu) {
            sched_pin_override_t pin{cpu};
            return call<rows::sched_op, SCHEDOP_pin_override>(pin);
        };
        expect_equal(ask(-1), -XEN_EINVAL);           // nothing to end
        expect_equal(ask(1), -XEN_EINVAL);            // there is one CPU
        expect_equal(ask(0x7fffffff), -XEN_EINVAL);
        expect_equal(ask(0), 0);
        expect_equal(ask(0), -XEN_EBUSY);
        expect_equal(ask(-1), 0);
    }},
    {"vcpu_op.get_physid", "tells the CPU where a vcpu of Dom0 stays", [] {
        vcpu_get_physid_t where{~0ull};
        expect_equal(call<rows::vcpu_op, VCPUOP_get_physid>(0, where), 0);
        expect_equal(where.phys_id, 0);               // APIC and ACPI id of the only CPU
    }},
    {"vcpu_op.register_runstate_memory_area", "shows a running vcpu whose times add up", [] {
        expect_equal(register_runstate(&area), 0);
        expect_equal(area.state, RUNSTATE_running);
        expect(slept([] { return area.time[RUNSTATE_blocked]; }) >= millisecond);
        expect(area.state_entry_time <= now());
        std::uint64_t sum = 0;
        for (std::uint64_t time : area.time) sum += time;
        expect(sum <= now());
    }},
    {"vcpu_op.register_runstate_memory_area", "with the update flag no half-written area is seen", [] {
        expect_equal(call<rows::vm_assist, VMASST_CMD_enable>(VMASST_TYPE_runstate_update_flag), 0);
        set_timer_op(now() + 2 * millisecond);
        wait_for_timer();
        expect_equal(area.state_entry_time >> 63, 0);
    }},
    {"vcpu_op.get_runstate_info", "waiting for an event counts as blocked", [] {
        const auto runstate = [] {
            vcpu_runstate_info_t info{};
            expect_equal(call<rows::vcpu_op, VCPUOP_get_runstate_info>(0, info), 0);
            return info;
        };
        const auto before = runstate();
        expect(slept([&] { return runstate().time[RUNSTATE_blocked]; }) >= millisecond);
        expect_equal(runstate().time[RUNSTATE_offline], before.time[RUNSTATE_offline]);
    }},
    {"vcpu_op.get_runstate_info", "agrees with the area", [] {
        vcpu_runstate_info_t info{};
        expect_equal(call<rows::vcpu_op, VCPUOP_get_runstate_info>(0, info), 0);
        expect_equal(info.state, RUNSTATE_running);
        expect_equal(info.state_entry_time, area.state_entry_time);
        expect(info.time[RUNSTATE_running] >= area.time[RUNSTATE_running]);
    }},
    {"vcpu_op.register_runstate_memory_area", "refuses bad request, takes any address", [] {
        expect_equal(untyped::vcpu_op(VCPUOP_register_runstate_memory_area, 0, nowhere), -XEN_EFAULT);
        expect_equal(register_runstate(reinterpret_cast<vcpu_runstate_info_t*>(nowhere)), 0);   // written when it can be
        expect_equal(register_runstate(&area), 0);
    }},
    {"vcpu_op.register_vcpu_time_memory_area", "is kept up to date", [] {
        static vcpu_time_info_t copy;
        vcpu_register_time_memory_area_t request{};
        set_xen_guest_handle(request.addr.h, &copy);
        expect_equal(call<rows::vcpu_op, VCPUOP_register_vcpu_time_memory_area>(0, request), 0);
        expect_equal(copy.tsc_to_system_mul, vcpu_info().time.tsc_to_system_mul);
        expect_equal(copy.tsc_shift, vcpu_info().time.tsc_shift);
        expect_equal(copy.version & 1, 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
