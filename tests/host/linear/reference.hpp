// What a processor makes of an address, told a second time: each mode by itself, each entry as the SDM's tables have it, a bit
// at a time, and each right as a sentence of 4.6.1. Nothing of the room but the words of its answer.
#pragma once

#include "linear/guest.hpp"

namespace basalt::linear::reference {

// Marks are set in `memory`.
std::expected<Place, Refusal> walk(const Mode& mode, std::uint64_t linear, Access access, Memory& memory);

}   // namespace basalt::linear::reference
