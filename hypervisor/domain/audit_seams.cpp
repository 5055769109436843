// What the audits of the rooms below ask about domains.
#include "domain/audit.hpp"
#include "domain/domain.hpp"
#include "events/audit.hpp"
#include "grants/audit.hpp"
#include "paging/audit.hpp"

namespace basalt {

// The mappings of one that dies end before its tables are taken apart.
bool borrows_by_grants(const Domain& domain) { return !domain.privileged && !domain.is_dying(); }

namespace paging {

Lending lending(DomainId to, Mfn mfn, bool writable) {
    const auto domain = listed_domain(to);
    if (!domain) return Lending::none;
    if (borrows_by_grants(**domain))
        return grants::has_mapped((*domain)->grants, mfn, writable) ? Lending::by_grant : Lending::none;
    const auto owner = frame(mfn).owner_word();
    const bool is_secret = owner.owner() == owner_nobody || (owner.owner() == owner_hypervisor && owner.held());
    if (is_secret) return Lending::none;
    // Whose CPUs flush for the frame has to be noted, where it is not held by a grant until they have.
    const bool noted = (*domain)->is_dying() || owner.knowers().others != Others::none;
    return noted || grants::has_mapped((*domain)->grants, mfn, writable) ? Lending::by_privilege : Lending::none;
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
