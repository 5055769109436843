// RUN: %boot-guest --cpus 2 --options dom0_max_vcpus=2 | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// Another domain computes on the second CPU, where this one was and is no more. What we have forgotten on our CPUs, and what
// becomes of our pages, is nothing that it has to be interrupted for, and nothing that we wait for it with.
#include "kit/case.hpp"
#include "kit/clock.hpp"
#include "kit/paging.hpp"
#include "kit/reservation.hpp"
#include "kit/second_vcpu.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

volatile std::uint64_t counter = 0;
[[noreturn]] void count() {
    for (;;) counter = counter + 1;
}
const Twin& other() {
    static const Twin twin(count);
    return twin;
}

template <typename Act>
std::uint64_t calls_in_a_while(Act act) {
    constexpr std::uint64_t window = 20'000'000;
    std::uint64_t calls = 0;
    for (const auto end = now() + window; now() < end; ++calls) act();
    return calls;
}

// An act costs no more than so many calls that do nothing: several times what it does here where nobody is waited for, and a
// fraction of what it does when the other CPU is. In turns, so that whatever else the machine is at slows down both.
template <typename Act>
void expect_nobody_waited_for(std::uint64_t limit, Act act) {
    std::uint64_t plain = 0, acts = 0;
    for (unsigned round = 0; round < 20; ++round) {
        plain += calls_in_a_while([] { call<rows::xen_version, XENVER_version>(); });
        acts += calls_in_a_while(act);
    }
    print("one costs ", plain / acts, " plain calls; at most ", limit);
    expect(plain / acts <= limit);
}

constexpr auto table = std::to_array<Case>({
    {"mmuext_op.tlb_flush_all", "asks no CPU that the domain has left", [] {
        expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
        expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
        run_on_second([] {});
        expect_equal(call<rows::vcpu_op, VCPUOP_down>(1), 0);
        while (call<rows::vcpu_op, VCPUOP_is_up>(1) != 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_equal(other().trouble, 0);
        expect_equal(other().start(), 0);
        while (other().read(counter) == 0) call<rows::sched_op, SCHEDOP_yield>();
        expect_nobody_waited_for(300, [] { mmuext_op(MMUEXT_TLB_FLUSH_ALL); });
    }},
    {"mmuext_op.pin_l1_table", "interrupts nobody who has never seen the page", [] {
        static Page& page = fresh_page();
        expect_nobody_waited_for(400, [] {
            make_read_only(page);
            mmuext_op(MMUEXT_PIN_L1_TABLE, page.mfn());
            mmuext_op(MMUEXT_UNPIN_TABLE, page.mfn());
            make_writable(page);
        });
    }},
    {"memory_op.populate_physmap", "interrupts nobody who has never seen the frame", [] {
        if (on_stock_xen()) return skip("Basalt's own promise: a frame remembers whose it was. Xen asks every CPU that has not flushed since");
        static Page& page = fresh_page();
        expect_nobody_waited_for(300, [] {
            xen_pfn_t frame = unmapped(page);
            reservation(XENMEM_decrease_reservation, {&frame, 1});
            frame = pfn_of(&page);
            reservation(XENMEM_populate_physmap, {&frame, 1});
            p2m(pfn_of(&page)) = frame;
            make_writable(page);
        });
        other().destroy();
    }},
});

}
constinit const std::span<const Case> cases = table;
}
