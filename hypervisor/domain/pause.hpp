// Between the bounded pieces of a long call.
#pragma once

#include "domain/vcpu.hpp"
#include "machine/entry.hpp"
#include "paging/budget.hpp"

namespace basalt {

// This CPU has something else to see to: somebody else's turn, most likely. What the call itself owes is no reason.
inline bool somebody_waits() {
    constexpr auto own = static_cast<std::uint32_t>(Work::undoing);
    return (this_cpu().work.load(std::memory_order_relaxed) & ~own) != 0;
}

// Lets interrupts in, with no lock held. True: something waits that should not wait for the rest of this call.
inline bool better_pause() {
    poll_interrupts();
    return somebody_waits() || running().events.upcall_due();
}

// For calls that count what they do: asks when the budget is spent, and renews it where the call may go on.
inline bool time_to_pause(paging::Budget& budget) {
    if (!budget.over()) return somebody_waits();
    budget = paging::Budget();
    return better_pause();
}

}  // namespace basalt
