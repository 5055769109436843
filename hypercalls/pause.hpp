// Between the bounded steps of a long call.
#pragma once

#include "domain/vcpu.hpp"
#include "machine/entry.hpp"

namespace basalt::hypercalls {

// Lets interrupts in, with no lock held. True: something waits that should not wait for the rest of this call.
inline bool better_pause() {
    poll_interrupts();
    return this_cpu().work.load(std::memory_order_relaxed) != 0 || running().events.upcall_due();
}

}  // namespace basalt::hypercalls
