// Whom a guest's call means by a number.
#include "abi/xen.hpp"
#include "domain/domain.hpp"
#include "domain/domain_list.hpp"
#include "domain/vcpu.hpp"

namespace basalt {

Result<Domain*> find_domain(DomainId id) { return id == DomainId(DOMID_SELF) ? &running().domain : listed_domain(id); }

Result<Domain*> living_domain(DomainId id) {
    Domain* const domain = TRY(find_domain(id));
    // Whoever calls may be dying, which it does not know, and is itself all the same, as on Xen: its end waits until it calls
    // no more.
    if (domain->is_dying() && id != DomainId(DOMID_SELF)) return refuse(Error::no_such_process);
    return domain;
}

}   // namespace basalt
