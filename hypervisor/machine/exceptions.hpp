// Exceptions of ring 0 that nothing explains.
#pragma once

#include <cstdint>

#include "machine/registers.hpp"

namespace basalt {

// Of entry code that runs in this CPU's alias, the same place in the image; others stay what they are.
std::uint64_t in_image(std::uint64_t rip);

// `more` says what else is known.
[[noreturn]] void die_of(const Registers& registers, void (*more)() = [] {});

}  // namespace basalt
