// Tables that a domain has let go are taken apart at its own cost: by its calls, and where they leave some, by the vcpu
// that let them go, before its guest goes on.
#pragma once

#include "memory/domain_memory.hpp"
#include "paging/budget.hpp"

namespace basalt {

// One bounded step, by whoever has just let some of these tables go.
void settle_tables(DomainMemory& tables, paging::Budget& budget);

// From settle_work: one table of what the running vcpu owes. Work::undoing is raised again while there is more.
void undo_what_is_owed();

}  // namespace basalt
