// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What tools ask about the scheduler and about time, and the keys of the console.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/small_domain.hpp"

namespace kit {
namespace {

Status pool(unsigned number, unsigned scheduler, unsigned command, unsigned& microseconds) {
    xen_sysctl_t request{};
    auto& wish = request.u.scheduler_op;
    wish.cpupool_id = number;
    wish.sched_id = scheduler;
    wish.cmd = command;
    wish.u.sched_credit2.ratelimit_us = microseconds;
    const auto status = sysctl(XEN_SYSCTL_scheduler_op, request);
    microseconds = wish.u.sched_credit2.ratelimit_us;
    return status;
}

Status tsc(unsigned command, unsigned domain, xen_domctl_tsc_info& info) {
    xen_domctl_t request{};
    request.u.tsc_info = info;
    const auto status = domctl(command, domain, request);
    info = request.u.tsc_info;
    return status;
}

Status press(const char* keys, unsigned count) {
    xen_sysctl_t request{};
    request.u.debug_keys.nr_keys = count;
    set_xen_guest_handle(request.u.debug_keys.keys, keys);
    return sysctl(XEN_SYSCTL_debug_keys, request);
}

Status idle_times(unsigned most, xen_sysctl_cpuinfo_t* times, unsigned& count) {
    xen_sysctl_t request{};
    request.u.getcpuinfo.max_cpus = most;
    set_xen_guest_handle(request.u.getcpuinfo.info, times);
    const auto status = sysctl(XEN_SYSCTL_getcpuinfo, request);
    count = request.u.getcpuinfo.nr_cpus;
    return status;
}

// What the log says from `index` on; the end of it is the next index.
std::string_view log_from(unsigned& index) {
    static std::array<char, 16000> text;
    xen_sysctl_t request{};
    request.u.readconsole.incremental = 1;
    request.u.readconsole.index = index;
    request.u.readconsole.count = text.size();
    set_xen_guest_handle(request.u.readconsole.buffer, text.data());
    expect_equal(sysctl(XEN_SYSCTL_readconsole, request), 0);
    index = request.u.readconsole.index;
    return {text.data(), request.u.readconsole.count};
}

std::string_view answer_to(const char* keys, unsigned count) {
    unsigned index = 0;
    while (!log_from(index).empty()) {}
    expect_equal(press(keys, count), 0);
    return log_from(index);
}

constexpr unsigned credit2 = XEN_SCHEDULER_CREDIT2;
constexpr unsigned reads = XEN_SYSCTL_SCHEDOP_getinfo, writes = XEN_SYSCTL_SCHEDOP_putinfo;

constexpr auto table = std::to_array<Case>({
    {"sysctl.scheduler_op", "tells how long a turn is at least: a millisecond", [] {
        unsigned turn = 7;
        expect_equal(pool(0, credit2, reads, turn), 0);
        expect_equal(turn, 1000);
    }},
    {"sysctl.scheduler_op", "sets it, within bounds", [] {
        for (const unsigned wanted : {0u, 100u, 500000u, 1000u}) {
            unsigned turn = wanted;
            expect_equal(pool(0, credit2, writes, turn), 0);
            expect_equal(pool(0, credit2, reads, turn = 7), 0);
            expect_equal(turn, wanted);
        }
        for (unsigned turn : {1u, 99u, 500001u, ~0u}) expect_equal(pool(0, credit2, writes, turn), -XEN_EINVAL);
        unsigned turn = 7;
        expect_equal(pool(0, credit2, reads, turn), 0);
        expect_equal(turn, 1000);
    }},
    {"sysctl.scheduler_op", "refuses other schedulers, pools and commands", [] {
        unsigned turn = 1000;
        expect_equal(pool(0, XEN_SCHEDULER_CREDIT, reads, turn), -XEN_EINVAL);
        expect_equal(pool(0, credit2, 5, turn), -XEN_EINVAL);
        expect_equal(pool(1, credit2, reads, turn), -XEN_ESRCH);
        expect_equal(pool(1, credit2, 5, turn), -XEN_EINVAL);
    }},
    {"sysctl.getcpuinfo", "tells of as many CPUs as are asked for", [] {
        std::array<xen_sysctl_cpuinfo_t, 4> times{};
        unsigned count = 9;
        expect_equal(idle_times(0, nullptr, count), 0);
        expect_equal(count, 0);
        times[1].idletime = 7;
        expect_equal(idle_times(times.size(), times.data(), count), 0);
        expect_equal(count, 1);
        expect_equal(times[1].idletime, 7);
        expect_equal(idle_times(1, reinterpret_cast<xen_sysctl_cpuinfo_t*>(nowhere), count), -XEN_EFAULT);
    }},
    {"sysctl.getcpuinfo", "counts what a CPU waits, and not what it runs", [] {
        xen_sysctl_cpuinfo_t before{}, after{}, later{};
        unsigned count;
        expect_equal(idle_times(1, &before, count), 0);
        const auto begun = now();
        while (now() - begun < 2'000'000) {}
        expect_equal(idle_times(1, &after, count), 0);
        expect_equal(after.idletime, before.idletime);
        // A machine that is itself made to wait may find the time over before it begins to sleep.
        const auto asleep = now();
        std::uint64_t idle = 0;
        for (unsigned slept = 0; idle < 1'000'000 && slept < 100; ++slept) {
            static sched_poll_t poll;
            poll.timeout = now() + 3'000'000;
            expect_equal(call<rows::sched_op, SCHEDOP_poll>(poll), 0);
            expect_equal(idle_times(1, &later, count), 0);
            idle = later.idletime - after.idletime;
        }
        expect(idle >= 1'000'000 && idle <= now() - asleep);
    }},
    {"domctl.gettscinfo", "is not for the caller itself", [] {
        xen_domctl_tsc_info info{};
        expect_equal(tsc(XEN_DOMCTL_gettscinfo, 0, info), -XEN_EINVAL);
        expect_equal(tsc(XEN_DOMCTL_settscinfo, 0, info), -XEN_EINVAL);
        expect_equal(tsc(XEN_DOMCTL_gettscinfo, 77, info), -XEN_ESRCH);
    }},
    {"domctl.settscinfo", "takes the default and the native mode, and counts incarnations", [] {
        SmallDomain other(endless_loop);
        expect_equal(other.trouble, 0);
        xen_domctl_tsc_info info{};
        info.incarnation = 3;
        expect_equal(tsc(XEN_DOMCTL_settscinfo, other.id, info), 0);
        expect_equal(tsc(XEN_DOMCTL_gettscinfo, other.id, info), 0);
        expect_equal(info.tsc_mode, 0);
        expect_equal(info.incarnation, 4);
        expect(info.gtsc_khz > 0 && info.elapsed_nsec > 0);
        info = {};
        info.tsc_mode = 2;
        expect_equal(tsc(XEN_DOMCTL_settscinfo, other.id, info), 0);
        expect_equal(tsc(XEN_DOMCTL_gettscinfo, other.id, info), 0);
        expect_equal(info.tsc_mode, 2);
        expect_equal(info.gtsc_khz, 0);
        for (const unsigned mode : {3u, 4u}) {
            info.tsc_mode = mode;
            expect_equal(tsc(XEN_DOMCTL_settscinfo, other.id, info), -XEN_EINVAL);
        }
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.settscinfo", "emulates no other pace", [] {
        if (on_stock_xen()) return skip("stock Xen does");
        SmallDomain other(endless_loop);
        for (const unsigned mode : {0u, 1u}) {
            xen_domctl_tsc_info info{};
            info.tsc_mode = mode;
            info.gtsc_khz = 1000;
            expect_equal(tsc(XEN_DOMCTL_settscinfo, other.id, info), -XEN_EOPNOTSUPP);
        }
        expect_equal(other.destroy(), 0);
    }},
    {"domctl.getdomaininfo", "describes the next domain where there is none: so tools find them all", [] {
        SmallDomain first(endless_loop), second(endless_loop);
        expect_equal(first.destroy(), 0);
        while (first.info().domain == first.id) call<rows::sched_op, SCHEDOP_yield>();
        xen_domctl_t request{};
        expect_equal(domctl(XEN_DOMCTL_getdomaininfo, first.id, request), 0);
        expect_equal(request.domain, second.id);
        expect_equal(request.u.getdomaininfo.domain, second.id);
        expect_equal(domctl(XEN_DOMCTL_getdomaininfo, second.id + 1, request), -XEN_ESRCH);
        expect_equal(domctl(XEN_DOMCTL_getdomaininfo, DOMID_SELF, request), -XEN_EINVAL);
        expect_equal(second.destroy(), 0);
    }},
    {"sysctl.debug_keys", "answers in the log", [] {
        expect(answer_to("h", 1).contains("'h' pressed"));
    }},
    {"sysctl.debug_keys", "takes several, and nothing of keys it does not know", [] {
        const auto text = answer_to("\1hh", 3);
        const auto first = text.find("'h' pressed");
        expect(first != text.npos && text.find("'h' pressed", first + 1) != text.npos);
        expect(answer_to("\1", 1).empty());
        expect_equal(press(nullptr, 0), 0);
        expect_equal(press(nullptr, 1), -XEN_EFAULT);
    }},
    {"sysctl.debug_keys", "tells how long locks are held, from when it was asked first", [] {
        if (on_stock_xen()) return skip("stock Xen has no such key");
        expect(answer_to("l", 1).contains("locks are measured from now on"));
        const auto text = answer_to("l", 1);
        expect(text.contains("  log: taken ") && text.contains("waited for "));
    }},
    {"sysctl.debug_keys", "tells of domains, queues, memory, ports, grants and registers", [] {
        for (const char* const key : {"q", "r", "m", "e", "g", "d"}) expect(answer_to(key, 1).size() > 60);
    }},
});

}
constinit const std::span<const Case> cases = table;
}
