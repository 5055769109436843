// Exceptions of ring 0 that nothing explains.
#pragma once

#include "machine/registers.hpp"

namespace basalt {

[[noreturn]] void die_of(const Registers& registers);

}  // namespace basalt
