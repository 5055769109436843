// Machine checks: the banks in which a CPU keeps what it has found wrong.
#pragma once

#include "machine/machine_check_rules.hpp"
#include "machine/registers.hpp"

namespace basalt {

// On each CPU, once it may log: tells what is there from before, which may be why the machine was reset, and lets the CPU
// report from now on.
void begin_machine_checks();

// In a machine check. The banks are read, and cleared unless this is the end: then the next start finds them.
Consequence collect_machine_check(const Registers& registers);

// Says what has been collected on this CPU. True: the guest that ran when it came cannot go on.
bool tell_machine_checks();

}  // namespace basalt
