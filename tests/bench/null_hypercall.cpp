// The cheapest call there is, 200000 times, counted by the time-stamp counter: under -icount it counts instructions.
// Started as the first domain, so the counter's first value is also what the boot took until here.
#include "kit/case.hpp"
#include "marks.hpp"
#include "report.hpp"

namespace kit {
namespace {

constexpr unsigned calls = 200'000;

constexpr auto table = std::to_array<Case>({
    {"xen_version.version", "how long it takes",
     [] {
         report("boot_small", __builtin_ia32_rdtsc(), 1);
         bench::mark<bench::Mark::get_ready>();
         for (unsigned i = 0; i < calls / 10; ++i) bare_hypercall(__HYPERVISOR_xen_version, XENVER_version);
         bench::mark<bench::Mark::begin>();
         const std::uint64_t begin = __builtin_ia32_rdtsc();
         for (unsigned i = 0; i < calls; ++i) bare_hypercall(__HYPERVISOR_xen_version, XENVER_version);
         const std::uint64_t ticks = __builtin_ia32_rdtsc() - begin;
         bench::mark<bench::Mark::end>();
         report("null_hypercall", ticks, calls);
     }},
});

}

constinit const std::span<const Case> cases = table;

}
