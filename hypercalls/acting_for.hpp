// Whom a call is about: itself, or another domain that it may act for.
#pragma once

#include "domain/domain.hpp"

namespace basalt::hypercalls {

// By DOMID_SELF or number. no_such_process: there is none; not_permitted: only the privileged act for others.
inline Result<Domain*> acted_for(std::uint16_t id) {
    Domain* const domain = TRY(living_domain(DomainId(id)));
    Domain& caller = running().domain;
    if (domain != &caller && !caller.privileged) return refuse(Error::not_permitted);
    return domain;
}

}  // namespace basalt::hypercalls
