#include "hypercalls/subject.hpp"

#include "abi/xen.hpp"

namespace basalt::hypercalls {
namespace {

// By this tools find all domains one by one, and each new one.
Subject first_domain_from(DomainId id) {
    if (id.raw >= DOMID_FIRST_RESERVED) return refuse(Error::invalid);
    Domain* const domain = domain_from(id);
    if (domain == nullptr) return refuse(Error::no_such_process);
    return domain;
}

// DOMID_SELF is no number.
Subject numbered(Whom whom, DomainId id) {
    Domain* const domain = TRY(listed_domain(id));
    const bool dying_too = whom == Whom::anyone || whom == Whom::another_dying;
    if (!dying_too && domain->is_dying()) return refuse(Error::no_such_process);
    if (domain != &running().domain) return domain;
    if (whom == Whom::another || whom == Whom::another_dying) return refuse(Error::invalid);
    if (whom == Whom::remote) return refuse(Error::not_permitted);
    return domain;
}

}  // namespace

bool caller_is_privileged() { return running().domain.privileged; }

Subject subject(Asker asker, Whom whom, DomainId id) {
    if (asker == Asker::for_itself) {
        Domain* const domain = TRY(living_domain(id));
        if (domain != &running().domain && !caller_is_privileged()) return refuse(Error::not_permitted);
        return domain;
    }
    if (asker == Asker::privileged && !caller_is_privileged()) return refuse(Error::not_permitted);
    switch (whom) {
        case Whom::nobody:
        case Whom::caller: return &running().domain;
        case Whom::first_from: return first_domain_from(id);
        case Whom::living_or_self: return living_domain(id);
        default: return numbered(whom, id);
    }
}

}  // namespace basalt::hypercalls
