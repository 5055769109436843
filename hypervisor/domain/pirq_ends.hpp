// The page on which a domain reads which of its pirqs it has to end (physdev_op.pirq_eoi_gmfn): one bit a pirq.
#pragma once

#include "domain/domain.hpp"

namespace basalt {

// `busy` if the domain has given a page before.
Result<> publish_pirq_ends(Domain& domain, Pfn number);

// The pirq is now bound, or no longer.
void note_pirq_end(Domain& domain, Pirq pirq);

}  // namespace basalt
