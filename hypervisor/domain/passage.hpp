// A passage is over when every CPU has, since it began, been on its way back to a guest with an empty stack. Whatever
// was in the hands of a CPU at the beginning is by then in nobody's: so domains are found without counting references.
#pragma once

#include <cstdint>

namespace basalt {

using Passage = std::uint64_t;   // they are numbered as they begin

// Asks every CPU to pass, this one too. Nobody waits: ask later whether it is over.
Passage begin_passage();
bool is_over(Passage passage);

// This CPU passes: from settle_work alone.
void pass_here();

}  // namespace basalt
