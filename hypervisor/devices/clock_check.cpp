#include "devices/clock_check.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include "core/lock.hpp"
#include "core/per_cpu.hpp"
#include "debug/log.hpp"
#include "devices/clock.hpp"
#include "devices/start.hpp"
#include "formats/vectors.hpp"
#include "machine/cpu.hpp"
#include "machine/instructions.hpp"
#include "machine/kick.hpp"

namespace basalt {
namespace {

constexpr unsigned rounds = 5000;

struct Comparison {
    TicketLock turn;
    std::uint64_t last = 0;                  // under `turn`
    std::uint64_t worst = 0;                 // under `turn`
    std::atomic<unsigned> present{0};
    std::atomic<unsigned> finished{0};
};
constinit Comparison comparison;             // one asker: the first CPU, at start-up
constinit std::atomic<bool> stable{false};

constexpr unsigned patience = 20'000'000;

bool becomes(const std::atomic<unsigned>& count, unsigned wanted) {
    for (unsigned tries = 0; count.load() < wanted; ++tries) {
        if (tries == patience) return false;
        while_waiting();
    }
    return true;
}

void take_turns() {
    comparison.present.fetch_add(1);
    if (!becomes(comparison.present, 2)) return;
    for (unsigned round = 0; round < rounds; ++round) {
        comparison.turn.take();
        const auto now = read_tsc_in_order();
        if (now < comparison.last) comparison.worst = std::max(comparison.worst, comparison.last - now);
        comparison.last = now;
        comparison.turn.drop();
    }
    comparison.finished.fetch_add(1);
}

// How many ticks the CPU's TSC was seen to lag, or nothing if the CPU did not come.
std::optional<std::uint64_t> compare_with(CpuId cpu) {
    comparison.last = 0;
    comparison.worst = 0;
    comparison.present = 0;
    comparison.finished = 0;
    send_ipi(cpu, device_vector::clock_check);
    take_turns();
    if (!becomes(comparison.finished, 2)) return {};
    return comparison.worst;
}

}  // namespace

void compare_clock_with_asker() { take_turns(); }

bool clock_is_stable() { return stable.load(std::memory_order_relaxed); }

void check_clocks_agree() {
    bool agree = true;
    online_cpus().without(current_cpu()).for_each([&agree](CpuId cpu) {
        if (!agree) return;      // one is enough; and a CPU that comes late must not meet the next comparison
        const auto lag = compare_with(cpu);
        agree = lag == std::uint64_t{0};
        if (!lag) log(Level::warning, "CPU {} does not answer: its TSC is not compared", cpu);
        if (lag && !agree)
            log(Level::warning, "the TSC of CPU {} is {} ticks off: time is not the same on all CPUs", cpu, *lag);
    });
    stable = agree;
    log(Level::info, "TSC: {}", agree ? "the same on all CPUs; guests read the time themselves" : "differs among CPUs");
}

}  // namespace basalt
