// Every frame, port, grant and CPU, derived again from first principles while the machine stands still.
#pragma once

#include <optional>

#include "core/finding.hpp"
#include "core/result.hpp"

namespace basalt {

class Domain;

// Whether each entry of its tables that names a frame of another's shows a grant that it has mapped.
bool borrows_by_grants(const Domain& domain);

// That all agrees, or the first thing that does not, goes to the log as one line. Refused: input_output where something
// does not agree; no_memory where there is none for the counts; again where another CPU is at it: this one will stand
// still on its way back to the guest, or where `may_give_up` the vcpu here has to leave first. It may where any domain can
// run here; nobody waits for Dom0's to leave.
Result<> audit(bool may_give_up = false);

// The same, on this CPU's way back to a guest; and what settle_work does about it.
void audit_soon();
void audit_for_a_key();

// For settle_work: stands still for as long as another CPU audits, after a look at this one's registers.
void stand_audited();

// The option `audit`: the machine does not end without one. By whoever ends it, who holds nothing.
void audit_before_the_end();
void audit_if_wished();

// Seam of guests/: this CPU holds in its registers what the vcpu that runs here should have, or, idle, what is nobody's.
std::optional<Finding> wrong_with_this_cpu();

}  // namespace basalt
