// What a local APIC may not be, whatever its guest has written to it.
#pragma once

#include <optional>

#include "apic/local_apic.hpp"
#include "core/finding.hpp"

namespace basalt::apic {

std::optional<Finding> wrong_with(DomainId domain, const State& state);

}  // namespace basalt::apic
