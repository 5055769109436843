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

// False: somebody waits for the vcpu that runs here to leave, and cannot stand still before.
bool wait_for(std::uint32_t others, bool may_give_up) {
    constexpr auto leave_work = static_cast<std::uint32_t>(Work::schedule);
    for (auto seen = others; !standing.compare_exchange_weak(seen, others | all); seen = others) {
        if (may_give_up && (this_cpu().work.load(std::memory_order_relaxed) & leave_work) != 0) return false;
        while_waiting();
    }
    return true;
}

}  // namespace

std::optional<Standstill> Standstill::begin(bool may_give_up) {
    if (wanted.exchange(true)) return std::nullopt;
    const CpuMask others = online_cpus().without(this_cpu().id);
    others.for_each([](CpuId cpu) { raise(cpu, Work::standstill); });
    if (!wait_for(static_cast<std::uint32_t>(std::popcount(others.bits)), may_give_up)) {
        wanted.store(false);
        return std::nullopt;
    }
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
