// The code that the kernel gives to each process, so that it can ask for the time without a system call: the vDSO.
#pragma once

#include "linux.hpp"

namespace bench {

using Clock = long (*)(long clock, std::uint64_t* time);

// Where the environment is, behind which the kernel tells where its code lies.
extern const char* const* environment;

// __vdso_clock_gettime; null where the kernel has none.
Clock clock_of_kernel();

}
