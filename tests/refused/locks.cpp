// State of a domain is reached through the lock that its declaration names, and in no other way.
#include "domain/domain.hpp"

namespace basalt {

void asks(Domain& domain, DomainHandle& handle, paging::Budget& budget) {
    domain.handle = handle;                   // refused: no viable overloaded '='
    handle = domain.handle;                   // refused: no viable overloaded '='
    domain.handle.value_ = handle;            // refused: private member
    domain.handle.with([&](DomainHandle& inside) { inside = handle; });

    domain.control.value_.resume();           // refused: private member
    domain.control.with([](Steering&) {});    // refused: no member named 'with'
    Steering forged(domain);                  // refused: private constructor
    const Paused paused(domain);              // refused: no matching constructor
    domain.pauses_.begin();                   // refused: private member
    domain.cpus().policy.reset();             // refused: not marked const
    domain.cpus().tsc_mode = TscMode();       // refused: no viable overloaded '='
    static_cast<void>(domain.control.try_with([&](Steering& steering) { return steering.end(budget); }, Again{}));
}

}    // namespace basalt
