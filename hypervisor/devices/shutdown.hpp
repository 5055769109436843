// The machine's end: reset by ACPI, CF9, the keyboard controller or a triple fault, whichever works first; power off by
// the values that Dom0, which can read AML, found for the FADT's registers.
#pragma once

#include <cstdint>

#include "core/result.hpp"

namespace basalt {

// `noreboot`: reset_machine() halts instead, and says so.
void stay_instead_of_reset();

[[noreturn]] void reset_machine();
[[noreturn]] void halt_machine();       // for good

// platform_op.enter_acpi_sleep. Returns only if refused, or if the machine did not go.
Result<> enter_sleep(unsigned state, std::uint16_t type_a, std::uint16_t type_b, std::uint32_t flags);

}  // namespace basalt
