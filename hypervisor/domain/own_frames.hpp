// A domain's frames by its own numbers: those of the machine for a PV guest, which knows them; its nested tables' for a
// hardware-assisted one. What of a call is about a frame "of the guest's" asks here.
#pragma once

#include "core/number.hpp"
#include "core/result.hpp"
#include "memory/allocator.hpp"
#include "memory/frame_reference.hpp"

namespace basalt {

class Domain;

// populate_physmap: the domain has new frames from there on. What was there is let go of by its tables, and stays the domain's.
// Of a PV guest, the answer is their first; of another, nobody is told.
Result<Mfn> populate(Domain& domain, Pfn first, Wanted wanted);
// decrease_reservation, by the guest's numbers: all of the extent, or the first refusal.
Result<> give_up(Domain& domain, Pfn first, unsigned order);

// The machine's number of what the domain calls so. Nothing holds it: whoever touches it takes it as the domain's. no_entry.
Result<Mfn> machine_number(const Domain& domain, Pfn page);

// Of a hardware-assisted guest alone: a frame that is the domain's, one that Basalt shares with it included, comes to be there,
// and nowhere else. What was there is the domain's no more. invalid, no_memory, and no_device_or_address where another's frame
// is there: nothing has changed.
Result<> place_frame(Domain& domain, Pfn page, Mfn mfn);
// And one of its own from one place to another. no_entry: nothing is there.
Result<> move_frame(Domain& domain, Pfn from, Pfn to);
// It is there no more, and stays the domain's. no_entry, also for another's frame.
Result<> unplace_frame(Domain& domain, Pfn page);

// A frame of another domain's, by a grant, comes to be there, to write or to read. A frame of the domain's own that was there
// stays the domain's. invalid, no_memory: nothing has changed.
Result<> show_frame(Domain& domain, Pfn page, FrameUse frame);
Result<> show_frame(Domain& domain, Pfn page, FrameReference frame);

// The frame of a hardware-assisted guest's, held. no_entry: there is none; not_permitted: it is not to be written.
Result<FrameReference> own_frame(const Domain& domain, Pfn page, bool to_write);

}   // namespace basalt
