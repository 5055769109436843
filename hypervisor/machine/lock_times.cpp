#include "machine/lock_times.hpp"

#include <algorithm>
#include <utility>

#include "machine/cpu.hpp"
#include "machine/instructions.hpp"
#include "toolchain/configuration.hpp"

namespace basalt {
namespace {

constinit std::atomic<bool> measured{false};

bool are_measured() { return measured.load(std::memory_order_relaxed); }

constexpr std::uint32_t bit_of(Rank rank) { return std::uint32_t{1} << static_cast<unsigned>(rank); }

// By the one who changes it: others merely read.
void add(std::atomic<std::uint64_t>& sum, std::uint64_t more) {
    sum.store(sum.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
}
void raise_to(std::atomic<std::uint64_t>& most, std::uint64_t value) {
    if (most.load(std::memory_order_relaxed) < value) most.store(value, std::memory_order_relaxed);
}

}  // namespace

std::uint64_t LockTally::now() { return read_tsc(); }

void LockTally::take(Rank rank) {
    OfRank& own = of(rank);
    own.taken_at = now();
    if (waiting_since_ == 0) return;
    const std::uint64_t waited = own.taken_at - std::exchange(waiting_since_, 0);
    add(own.waits, 1);
    add(own.waited, waited);
    raise_to(own.longest_wait, waited);
}

// One that was taken before anybody asked is not counted.
void LockTally::drop(Rank rank) {
    OfRank& own = of(rank);
    if (own.taken_at == 0) return;
    const std::uint64_t held = now() - std::exchange(own.taken_at, 0);
    add(own.taken, 1);
    add(own.held, held);
    raise_to(own.longest_hold, held);
}

void LockTally::add_to(LockTimes& sum, Rank rank) const {
    const OfRank& own = ranks_[static_cast<std::size_t>(rank)];
    sum.taken += own.taken.load(std::memory_order_relaxed);
    sum.held += own.held.load(std::memory_order_relaxed);
    sum.longest_hold = std::max(sum.longest_hold, own.longest_hold.load(std::memory_order_relaxed));
    sum.waits += own.waits.load(std::memory_order_relaxed);
    sum.waited += own.waited.load(std::memory_order_relaxed);
    sum.longest_wait = std::max(sum.longest_wait, own.longest_wait.load(std::memory_order_relaxed));
}

bool measure_locks() { return measured.exchange(true); }

LockTimes lock_times(Rank rank) {
    LockTimes sum;
    online_cpus().for_each([&](CpuId cpu) { cpu_of(cpu).lock_tally.add_to(sum, rank); });
    return sum;
}

void lock_waits() {
    if (are_measured()) this_cpu().lock_tally.wait();
}

void lock_taken(Rank rank) {
    if constexpr (configuration::checked_build) {
        auto& cpu = this_cpu();
        const auto deeper_or_same = ~(bit_of(rank) - 1);
        ASSERT((cpu.locks_held & deeper_or_same) == 0);
        cpu.locks_held |= bit_of(rank);
    }
    if (are_measured()) [[unlikely]]
        this_cpu().lock_tally.take(rank);
}

void lock_dropped(Rank rank) {
    if constexpr (configuration::checked_build) this_cpu().locks_held &= ~bit_of(rank);
    if (are_measured()) [[unlikely]]
        this_cpu().lock_tally.drop(rank);
}

}  // namespace basalt
