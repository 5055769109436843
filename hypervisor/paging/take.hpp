// Taking a use of a frame, checking it where the use demands. Again means: nothing was taken, come again.
#pragma once

#include "core/again.hpp"
#include "memory/domain_memory.hpp"
#include "memory/frame_reference.hpp"
#include "paging/budget.hpp"

namespace basalt::paging {

// A reference and a use of a frame that `owner` owns. Tables are checked down to the last page, which may
// take several calls; what is done stays done, in the records of the tables themselves. Refused as Xen does:
// busy for another use, invalid for a frame that is not the owner's, or whatever an entry was refused with.
Step<FrameUse> take_use(Mfn mfn, Use use, DomainMemory& owner, Budget& budget);

// For uses that are quick to check (writable, descriptors). Error::again: another CPU has been checking the frame for
// long, or it is one of the owner's tables that wait to be taken apart; some of that has been done.
Result<FrameUse> take_writable(Mfn mfn, DomainMemory& owner);
Result<FrameUse> take_writable(Mfn mfn, DomainMemory& owner, Budget& budget);   // which pays for what is taken apart
Result<FrameUse> take_descriptors(Mfn mfn, DomainMemory& owner);

// For calls that do not tell what the frame is in the way of: only what passes by itself stays what it is.
constexpr Refused refuse_as(Error told, Error reason) { return refuse(reason == Error::again ? reason : told); }

// Works off tables of this domain's whose last use was dropped. False: the budget is over and there is more.
// Each domain's calls do it for its own; whoever ends a domain, or waits for one of its tables, does it too.
bool finish_undoing(DomainMemory& owner, Budget& budget);

}    // namespace basalt::paging
