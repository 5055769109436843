// Forgetting translations: how this CPU does it. What it tells of that, and how it asks others, is in translations/.
#pragma once

#include <cstdint>

#include "core/number.hpp"
#include "translations/flush.hpp"

namespace basalt {

// One page of the running guest's.
void flush_page_here(std::uint64_t address);
void flush_page_on(CpuMask cpus, std::uint64_t address);

// Another root of the running guest's; one of a guest that is to run here; Basalt's own. Each flushes.
void switch_root(Mfn root);
void enter_root(Mfn root, TablesOf whose);
void leave_roots();

// Everything, global translations too: after Basalt's own mappings have changed.
void flush_globals_here();
void flush_globals_everywhere();

// Answers a request if there is one: called from the flush interrupt, and from while_waiting().
void answer_flush_requests();

}  // namespace basalt
