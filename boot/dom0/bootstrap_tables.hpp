// The page tables in which a PV kernel starts: the bootstrap run of pfns, and its p2m list where it asked for it.
#pragma once

#include "boot/dom0/extents.hpp"
#include "boot/dom0/plan.hpp"

namespace basalt::dom0 {

// Writes them into the frames that the plan sets aside. Every table is mapped read-only, as the rules want it.
// Returns the root, unchecked.
Mfn write_bootstrap_tables(const Plan& plan, const Extents& memory);

}  // namespace basalt::dom0
