#include "domain/standstill.hpp"

#include <atomic>
#include <bit>

#include "core/lock.hpp"
#include "machine/cpu.hpp"

namespace basalt {
namespace {

constinit std::atomic<bool> wanted{false};

// How many CPUs stand, and whether that is all of them: then none leaves. Before, one leaves when it has work to do,
// for somebody who does not stand yet may be waiting for just that.
constexpr std::uint32_t all = std::uint32_t{1} << 31;
constinit std::atomic<std::uint32_t> standing{0};

bool leave() {
    auto seen = standing.load();
    while ((seen & all) == 0)
        if (standing.compare_exchange_weak(seen, seen - 1)) return true;
    return false;
}

void wait_for(std::uint32_t others) {
    for (auto seen = others; !standing.compare_exchange_weak(seen, others | all); seen = others) while_waiting();
}

}  // namespace

std::optional<Standstill> Standstill::begin() {
    if (wanted.exchange(true)) return std::nullopt;
    const CpuMask others = online_cpus().without(this_cpu().id);
    others.for_each([](CpuId cpu) { raise(cpu, Work::standstill); });
    wait_for(static_cast<std::uint32_t>(std::popcount(others.bits)));
    return Standstill();
}

Standstill::~Standstill() {
    if (!holds_) return;
    standing.fetch_and(~all);
    wanted.store(false);
}

void stand_still() {
    if (!wanted.load()) return;
    standing.fetch_add(1);
    while (wanted.load()) {
        while_waiting();
        if (this_cpu().work.load(std::memory_order_relaxed) == 0 || !leave()) continue;
        raise_here(Work::standstill);
        return;
    }
    while (!leave()) while_waiting();   // the next one may have counted on this CPU already
}

}  // namespace basalt
