// The machine's end: reset by ACPI, CF9, the keyboard controller or a triple fault, whichever works first; power off by
// the values that Dom0, which can read AML, found for the FADT's registers.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/result.hpp"

namespace basalt {

// `noreboot`: after an error the machine halts instead.
void stay_after_errors();

[[noreturn]] void reset_machine();      // as was asked for
// `what` went wrong: the machine says so, and is reset when there was time to read it.
[[noreturn]] void reset_after_error(std::string_view what);
[[noreturn]] void halt_machine();       // for good

// platform_op.enter_acpi_sleep. Returns only if refused, or if the machine did not go.
Result<> enter_sleep(unsigned state, std::uint16_t type_a, std::uint16_t type_b, std::uint32_t flags);

}  // namespace basalt
