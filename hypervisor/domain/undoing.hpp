// Tables that a domain has let go are taken apart at its own cost: by its calls, and where they leave some, by the vcpu
// that let them go, before its guest goes on.
#pragma once

#include "memory/domain_memory.hpp"
#include "paging/budget.hpp"
#include "translations/flush_time.hpp"

namespace basalt {

void settle_some_tables(DomainMemory& tables, paging::Budget& budget);

// One bounded step, by whoever has just let some of these tables go.
inline void settle_tables(DomainMemory& tables, paging::Budget& budget) {
    advance_flush_time();
    if (!tables.to_undo.empty()) settle_some_tables(tables, budget);
}

// From settle_work: one table of what the running vcpu owes. Work::undoing is raised again while there is more.
void undo_what_is_owed();

}  // namespace basalt
