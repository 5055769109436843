// Where every external vector ends up, whether it came in ring 3 or in ring 0.
#pragma once

#include <cstdint>

#include "core/number.hpp"

namespace basalt {

void interrupt(std::uint64_t vector);

// Seams of domain/, called with no lock held.
void deliver_pirq(DomainId domain, Pirq pirq);   // raise the event that the domain bound to its pirq
void timer_expired();                            // the deadline of program_timer() has come, or may have

}  // namespace basalt
