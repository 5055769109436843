// Every frame, port and grant, derived again from first principles while the machine stands still.
#pragma once

#include "core/result.hpp"

namespace basalt {

namespace paging {
class Audit;
}
class Vcpu;

// That all agrees, or the first thing that does not, goes to the log as one line. Refused: input_output where something
// does not agree; no_memory where there is none for the counts; again where another CPU is at it: this one will stand
// still on its way back to the guest.
Result<> audit();

// The same, on this CPU's way back to a guest; and what settle_work does about it.
void audit_soon();
void audit_for_a_key();

// The option `audit`: the machine does not end without one. By whoever ends it, who holds nothing.
void audit_before_the_end();
void audit_if_wished();

// Seam of guests/: the frames of the vcpu's GDT and LDT are held as such.
void count_descriptor_tables(const Vcpu& vcpu, paging::Audit& audit);

}  // namespace basalt
