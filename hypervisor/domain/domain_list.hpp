// Which domains there are. Finding one takes no lock: a pointer is good until this CPU next passes settle_work, for
// a domain that has left the list is taken apart only when all CPUs have passed (passage.hpp).
#pragma once

#include "core/number.hpp"
#include "core/result.hpp"

namespace basalt {

class Domain;

// no_such_process where there is none. A dying domain is found as long as anybody holds a frame of its.
Result<Domain*> listed_domain(DomainId id);
// The same, where DOMID_SELF is the caller's own.
Result<Domain*> find_domain(DomainId id);
// One that others may still give to, and take from: not a dying one.
Result<Domain*> living_domain(DomainId id);

// By rising numbers: the first that has this number or a higher one, and the next. Null: no more.
Domain* domain_from(DomainId first);
Domain* domain_after(const Domain& domain);

template <typename Action>
void for_each_domain(Action&& action) {
    for (Domain* domain = domain_from(DomainId(0)); domain != nullptr; domain = domain_after(*domain)) action(*domain);
}

// exists: the number is in use, or still is by what is left of a domain.
Result<> enter_into_list(Domain& domain);
// A number that is free, another one each time; no_memory: all are in use.
Result<DomainId> unused_domain_id();

// The domain owns nothing any more: it leaves the list soon, and its memory is given back after a passage.
void bury(Domain& domain);
// For the audit, with all other CPUs standing still: those that have left the list and are not taken apart yet, linked by
// links.next_dead.
Domain* first_leaving_domain();
// What bury() left to be done: from settle_work alone, after this CPU has passed.
void bury_the_dead();

}  // namespace basalt
