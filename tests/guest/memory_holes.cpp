// RUN: %boot-guest --memory 1280M --qemu=-machine --qemu=q35,max-ram-below-4g=1G | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
//
// A machine whose memory goes on behind a hole: a frame number in it names nothing, whatever is asked of it.
#include "kit/case.hpp"
#include "kit/paging.hpp"
#include "kit/reservation.hpp"
#include "kit/twin.hpp"

namespace kit {
namespace {

constexpr xen_pfn_t hole = 0x60000;   // 1.5 GiB, where there is memory below 1 GiB and from 4 GiB on

volatile std::uint64_t answered;

Status exchange_hole() {
    std::array<xen_pfn_t, 1> in{hole}, out{1};
    return Exchange(in, 0, out, 0).run();
}

void ask_as_a_guest() {
    start_memory(start);
    start_traps();
    answered = static_cast<std::uint64_t>(exchange_hole());
    sched_shutdown_t poweroff{SHUTDOWN_poweroff};
    for (;;) call<rows::sched_op, SCHEDOP_shutdown>(poweroff);
}

constexpr auto table = std::to_array<Case>({
    {"memory_op.decrease_reservation", "of a frame in a hole", [] {
        std::array<xen_pfn_t, 1> in{hole};
        expect_equal(reservation(XENMEM_decrease_reservation, in), 0);
    }},
    {"mmuext_op", "of a frame in a hole", [] {
        for (const unsigned command : {MMUEXT_CLEAR_PAGE, MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L4_TABLE, MMUEXT_UNPIN_TABLE, MMUEXT_NEW_BASEPTR})
            expect_equal(mmuext_op(command, hole), -XEN_EINVAL);
    }},
    {"mmu_update", "of a frame in a hole, as a table and as what it stands for", [] {
        expect(mmu_update(hole * page_size, 0) < 0);
        expect(mmu_update(hole * page_size | MMU_MACHPHYS_UPDATE, 5) < 0);
    }},
    {"memory_op.exchange", "of a frame in a hole", [] { expect_equal(exchange_hole(), -XEN_EINVAL); }},
    {"memory_op.exchange", "of a frame in a hole, by a domain without privileges", [] {
        const Twin twin(ask_as_a_guest);
        if (!expect_equal(twin.trouble, 0)) return;
        expect_equal(twin.start(), 0);
        expect_equal(twin.ended(), SHUTDOWN_poweroff);
        expect_equal(static_cast<Status>(twin.read(answered)), -XEN_EINVAL);
        note_answers_of(twin);
        expect_equal(twin.destroy(), 0);
    }},
});

}

constinit const std::span<const Case> cases = table;

}
