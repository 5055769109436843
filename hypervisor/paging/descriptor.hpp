// Segment descriptors that a PV guest may load (SDM 3A 3.4.5): nothing that reaches ring 0, no gates but
// harmless ones.
#pragma once

#include <cstdint>
#include <optional>

namespace basalt::paging {

// The descriptor as it may be stored: code and data get their privilege raised to ring 3 where the guest
// asked for less, a call gate to the guest's own code is kept where nobody gets through. Nothing: refused.
std::optional<std::uint64_t> permitted_descriptor(std::uint64_t descriptor);

}    // namespace basalt::paging
