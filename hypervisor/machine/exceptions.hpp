// Exceptions of ring 0 that nothing explains.
#pragma once

#include "machine/registers.hpp"

namespace basalt {

// `more` says what else is known.
[[noreturn]] void die_of(const Registers& registers, void (*more)() = [] {});

}  // namespace basalt
