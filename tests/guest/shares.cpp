// RUN: %boot-guest --count | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// What tools say about a domain's share of the CPU has its effect: counted CPU time of domains that never rest, more of
// them than there are CPUs. With instructions counted, so that a busy host changes nothing.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/small_domain.hpp"

asm(R"(
        .section .rodata
spinning: jmp   spinning
spinning_end:
        .previous
)");
extern "C" const std::byte spinning[], spinning_end[];

namespace kit {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

struct Spinner : SmallDomain {
    Spinner() : SmallDomain({spinning, spinning_end}) { expect_equal(trouble, 0); }
    ~Spinner() { expect_equal(destroy(), 0); }
    std::uint64_t time() const { return info().cpu_time; }
    std::int64_t set(unsigned weight, unsigned cap) const {
        xen_domctl_t request{};
        request.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT2;
        request.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
        request.u.scheduler_op.u.credit2 = {static_cast<std::uint16_t>(weight), static_cast<std::uint16_t>(cap)};
        return domctl(XEN_DOMCTL_scheduler_op, id, request);
    }
};

// This domain wants no CPU for so long.
void rest(std::uint64_t nanoseconds) {
    sched_poll_t poll{};
    poll.timeout = now() + nanoseconds;
    call<rows::sched_op, SCHEDOP_poll>(poll);
}

// How many per mille of `whole` that is.
std::uint64_t share(std::uint64_t part, std::uint64_t whole) { return whole == 0 ? 0 : part * 1000 / whole; }

// Within ten per cent of what it should be.
bool expect_near(std::uint64_t found, std::uint64_t wanted, Location where = Location::current()) {
    const bool near = found * 10 >= wanted * 9 && found * 10 <= wanted * 11;
    if (!near) fail(Line{} << "expected " << wanted << " within a tenth, got " << found, where);
    return near;
}

constexpr auto table = std::to_array<Case>({
    {"domctl.scheduler_op", "equal weights share a CPU equally", [] {
        const Spinner one, other;
        one.start(), other.start();
        rest(second / 4);
        const std::uint64_t first = one.time(), second_first = other.time();
        rest(second);
        const std::uint64_t here = one.time() - first, there = other.time() - second_first;
        expect_near(share(here, here + there), 500);
    }},
    {"domctl.scheduler_op", "weights of 1 to 3 share it 1 to 3", [] {
        const Spinner light, heavy;
        expect_equal(light.set(256, 0), 0);
        expect_equal(heavy.set(768, 0), 0);
        light.start(), heavy.start();
        rest(second / 4);
        const std::uint64_t light_first = light.time(), heavy_first = heavy.time();
        rest(3 * second / 2);
        const std::uint64_t least = light.time() - light_first, most = heavy.time() - heavy_first;
        expect_near(share(least, least + most), 250);
        expect_near(share(most, least + most), 750);
    }},
    {"domctl.scheduler_op", "a cap of 30 leaves a domain 30 per cent, though nobody else wants the rest", [] {
        const Spinner capped;
        expect_equal(capped.set(256, 30), 0);
        capped.start();
        rest(second / 4);
        const std::uint64_t first = capped.time(), since = now();
        rest(3 * second / 2);
        const std::uint64_t time = capped.time() - first, all = now() - since;
        expect_near(share(time, all), 300);
    }},
    {"domctl.scheduler_op", "refuses other schedulers", [] {
        xen_domctl_t request{};
        request.u.scheduler_op.sched_id = XEN_SCHEDULER_CREDIT;
        request.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo;
        expect_equal(domctl(XEN_DOMCTL_scheduler_op, 0, request), -XEN_EINVAL);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
