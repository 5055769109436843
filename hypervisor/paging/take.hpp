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

// For uses that are quick to check (writable, descriptors). Waits for others' checks; Error::again only when
// some other CPU's work stays unfinished for long.
Result<FrameUse> take_writable(Mfn mfn, DomainMemory& owner);
Result<FrameUse> take_descriptors(Mfn mfn, DomainMemory& owner);

// For calls that do not tell what the frame is in the way of: only what passes by itself stays what it is.
constexpr Refused refuse_as(Error told, Error reason) { return refuse(reason == Error::again ? reason : told); }

// Works off tables whose last use was dropped. False: the budget is over and there is more. Every mmu call
// begins and ends with it; a CPU with nothing to do may call it too.
bool finish_undoing(Budget& budget);

}    // namespace basalt::paging
