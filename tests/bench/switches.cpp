// Two vcpus of one domain on one CPU that both yield, so that each call is a switch to the other. As the first domain, with
// dom0_max_vcpus=2.
#include "kit/case.hpp"
#include "kit/second_vcpu.hpp"
#include "report.hpp"

#include <atomic>

namespace kit {
namespace {

constexpr unsigned rounds = 10'000;

std::atomic<bool> over;
std::atomic<unsigned> turns;    // of the second vcpu

void yield() { bare_hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield); }

void yield_again_and_again() {
    while (!over) {
        ++turns;
        yield();
    }
}

constexpr auto table = std::to_array<Case>({
    {"sched_op.yield", "to another vcpu of this domain",
     [] {
         expect_equal(call<rows::vcpu_op, VCPUOP_initialise>(1, second_vcpu_context()), 0);
         expect_equal(call<rows::vcpu_op, VCPUOP_up>(1), 0);
         begin_on_second(yield_again_and_again);
         while (turns == 0) yield();
         const unsigned before = turns;
         measure("vcpu_switch", rounds, 2, yield);    // there and back
         expect(turns - before > rounds);             // it did run between two calls, else nothing was switched
         over = true;
         finish_on_second();
     }},
});

}

constinit const std::span<const Case> cases = table;

}
