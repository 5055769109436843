// Seam: where a guest kernel's SYSCALL goes. The hypercall table, a room above this one, supplies it.
#pragma once

#include "machine/registers.hpp"

namespace basalt::hypercalls {

void dispatch(Registers& registers);

}  // namespace basalt::hypercalls
