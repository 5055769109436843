// Seam: where a guest kernel's call goes. The hypercall table, a room above this one, supplies it.
#pragma once

#include <cstdint>

#include "machine/registers.hpp"

namespace basalt::hypercalls {

// SYSCALL of a PV guest: RIP is behind it, and goes back where the call is to be made again.
void dispatch(Registers& registers);
// The same of a kernel that calls otherwise. False: the call is to be made again, with the argument registers as they are now.
[[nodiscard]] bool call(std::uint64_t number, Registers& registers);

}   // namespace basalt::hypercalls
