// What the audits of the rooms below ask about domains.
#include "domain/domain.hpp"
#include "events/audit.hpp"
#include "grants/audit.hpp"
#include "paging/audit.hpp"

namespace basalt {

namespace paging {

bool is_lent(DomainId to, Mfn mfn, bool writable) {
    const auto domain = listed_domain(to);
    if (!domain) return false;
    if ((*domain)->is_dying()) return true;   // its mappings end before its tables are taken apart
    if (!(*domain)->privileged) return grants::has_mapped((*domain)->grants, mfn, writable);
    const auto owner = frame(mfn).owner_word();
    return owner.owner() != owner_nobody && !(owner.owner() == owner_hypervisor && owner.held());
}

}  // namespace paging

namespace events {

EventChannels* channels_of(DomainId id) {
    const auto domain = listed_domain(id);
    return domain ? &(*domain)->events : nullptr;
}

Port port_of_pirq(EventChannels& channels, Pirq pirq) {
    return Port(pirq.raw < pirq_end ? Domain::of(channels).pirq_ports[pirq.raw].load() : 0);
}

}  // namespace events

namespace grants {

bool is_a_table(const GrantTable* table) {
    bool found = false;
    for_each_domain([&](Domain& domain) { found |= &domain.grants == table; });
    return found;
}

}  // namespace grants
}  // namespace basalt
