#include "devices/clock_check.hpp"

#include <atomic>

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

void take_turns() {
    comparison.present.fetch_add(1);
    for (unsigned tries = 0; comparison.present.load() < 2 && tries < 100'000'000; ++tries) pause_briefly();
    for (unsigned round = 0; round < rounds; ++round) {
        comparison.turn.take();
        const auto now = read_tsc_in_order();
        if (now < comparison.last) comparison.worst = std::max(comparison.worst, comparison.last - now);
        comparison.last = now;
        comparison.turn.drop();
    }
    comparison.finished.fetch_add(1);
}

}  // namespace

void compare_clock_with_asker() { take_turns(); }

bool clock_is_stable() { return stable.load(std::memory_order_relaxed); }

void check_clocks_agree() {
    bool agree = true;
    online_cpus().without(current_cpu()).for_each([&agree](CpuId cpu) {
        comparison.last = 0;
        comparison.worst = 0;
        comparison.present = 0;
        comparison.finished = 0;
        send_ipi(cpu, device_vector::clock_check);
        take_turns();
        while (comparison.finished.load() < 2) while_waiting();
        if (comparison.worst == 0) return;
        agree = false;
        log(Level::warning, "the TSC of CPU {} is {} ticks behind: time is not the same on all CPUs", cpu,
            comparison.worst);
    });
    stable = agree;
    log(Level::info, "TSC: {}", agree ? "the same on all CPUs; guests read the time themselves" : "differs among CPUs");
}

}  // namespace basalt
