#include "domain/undoing.hpp"

#include "domain/domain.hpp"
#include "machine/entry.hpp"
#include "paging/seams.hpp"
#include "paging/take.hpp"

namespace basalt {
namespace {

bool runs_here_for(const DomainMemory& memory) {
    const Vcpu* const vcpu = this_cpu().running_vcpu;
    return vcpu != nullptr && &vcpu->domain.memory == &memory;
}

}  // namespace

// Of a domain that does not run here, what is left waits for its own next call, or for whoever needs one of the tables.
void paging::undoing_is_due(const DomainMemory& owner) {
    if (!runs_here_for(owner)) return;
    running().owes_undoing = true;
    raise_here(Work::undoing);
}

void settle_some_tables(DomainMemory& tables, paging::Budget& budget) {
    if (!paging::finish_undoing(tables, budget) || !runs_here_for(tables) || !running().owes_undoing) return;
    running().owes_undoing = false;
    this_cpu().drop_work(Work::undoing);
}

void undo_what_is_owed() {
    Vcpu* const vcpu = this_cpu().running_vcpu;
    if (vcpu == nullptr || !vcpu->owes_undoing) return;
    paging::Budget budget(entries_per_table);   // the call that let them go may just have spent one of its own
    settle_some_tables(vcpu->domain.memory, budget);
    if (!vcpu->owes_undoing) return;
    raise_here(Work::undoing);
    poll_interrupts();
}

}  // namespace basalt
