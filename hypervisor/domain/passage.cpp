#include "domain/passage.hpp"

#include <atomic>

#include "core/per_cpu.hpp"
#include "machine/cpu.hpp"

namespace basalt {
namespace {

constinit std::atomic<Passage> last_begun{0};
constinit PerCpu<std::atomic<Passage>> passed;

}  // namespace

Passage begin_passage() {
    const Passage passage = last_begun.fetch_add(1) + 1;
    online_cpus().for_each([](CpuId cpu) { raise(cpu, Work::passage); });
    return passage;
}

bool is_over(Passage passage) {
    bool over = true;
    online_cpus().for_each([&](CpuId cpu) { over &= passed.of(cpu).load() >= passage; });
    return over;
}

// Who stores last sees what all the others stored: one of them finds it over.
void pass_here() { passed.here().store(last_begun.load()); }

}  // namespace basalt
