// Frames that Basalt and a domain share, and where the rooms below learn about domains.
#pragma once

#include "core/number.hpp"
#include "core/result.hpp"
#include "events/shared_page.hpp"

namespace basalt {

class Domain;

// A zeroed page of Basalt's own that the domain may map, writable; not charged to its account.
Result<Mfn> take_page_shared_with(DomainId domain);
void give_page_shared_with(Mfn mfn);

// A page of the domain's own, by its own number, that Basalt will write to. Invalid where it is not the domain's, or is used as
// a table.
Result<events::SharedPage> share_guest_page(Domain& domain, Pfn page);

}   // namespace basalt
