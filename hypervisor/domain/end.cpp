#include "domain/end.hpp"

#include <algorithm>

#include "abi/xen.hpp"
#include "devices/pirqs.hpp"
#include "domain/domain.hpp"
#include "domain/run.hpp"
#include "grants/map.hpp"
#include "memory/allocator.hpp"
#include "paging/pins.hpp"

namespace basalt {
namespace {

using Stage = EndProgress::Stage;
using paging::Budget;

constexpr Step<> done = std::monostate{};

// From now on nobody finds it living; who has found it before ends that within the passage.
void begin(Domain& domain) {
    domain.memory.dying.store(true);
    domain.events.refuse_new_ports();
    domain.hold(GroupHold::dying);
}

Step<> wait_for(Passage passage, const Domain& domain) {
    const auto runs = [](const Vcpu* vcpu) { return vcpu->unit.on_cpu(); };
    if (!is_over(passage) || std::ranges::any_of(domain.vcpus(), runs)) return Again{};
    return done;
}

// And the interrupts that led to them, which are nobody's then: its number will be another domain's.
Step<> close_ports(Domain& domain) {
    const Step<> closed = domain.events.reset();
    if (closed.done()) release_pirqs(domain.id);
    return closed;
}

// What it has mapped of others. Its page tables, and all CPUs that loaded them, are out of use.
Step<> end_grant_mappings(Domain& domain, std::uint64_t cursor, Budget& budget) {
    constexpr std::uint32_t at_once = 256;
    constexpr std::int64_t cost = 8;
    while (!budget.over()) {
        const auto next = grants::end_mappings(domain.grants, static_cast<std::uint32_t>(cursor), at_once);
        if (!next) return done;
        cursor = *next;
        budget.spend(cost * at_once);
    }
    return Again{cursor};
}

void strip_vcpus(Domain& domain) {
    domain.watchdogs.end_all();
    for (Vcpu* const vcpu : domain.vcpus()) {
        vcpu->timers.stop_all();
        drop_tables(*vcpu);
        vcpu->events.place_info(nullptr);
        const auto give_up = [](events::SharedPage& page) {
            page = {};
            return true;
        };
        const bool nobody_sets_it_up = vcpu->info_page.try_with(give_up, false);   // the passage is over
        ASSERT(nobody_sets_it_up);
    }
    domain.pirq_ends.store(nullptr);
    domain.pirq_ends_page = {};
    static_cast<void>(claim(domain.memory, 0));
}

Step<> act(Domain& domain, EndProgress& ending, Budget& budget) {
    switch (ending.stage) {
        case Stage::not_begun:
            begin(domain);
            ending.passage = begin_passage();
            break;
        case Stage::passing: return wait_for(ending.passage, domain);
        case Stage::ports: return close_ports(domain);
        case Stage::mappings: return end_grant_mappings(domain, ending.cursor, budget);
        case Stage::vcpus: strip_vcpus(domain); break;
        case Stage::nested: return domain.nested.clear(budget);
        case Stage::frames: return paging::release_all(domain.memory, ending.cursor, budget);
        case Stage::over: break;
    }
    return done;
}

}   // namespace

Step<> Steering::end(Budget& budget) {
    while (ending_.stage != Stage::over) {
        const Step<> step = act(domain_, ending_, budget);
        if (const Again* again = step.again()) {
            ending_.cursor = again->cursor;
            return step;
        }
        ending_.cursor = 0;
        ending_.stage = static_cast<Stage>(static_cast<std::uint8_t>(ending_.stage) + 1);
        if (ending_.stage != Stage::over) continue;
        domain_.memory.close();
        tell_tools_of_end();   // xenstored and the console let go of its frames only when they are told
    }
    return done;
}

void account_is_empty(DomainMemory& memory) { bury(PartOf<Domain, DomainMemory>::whole_of(memory)); }

void tell_tools_of_end() {
    if (const auto dom0 = listed_domain(DomainId(0))) (*dom0)->events.raise_global_virq(Virq(VIRQ_DOM_EXC));
}

}   // namespace basalt
