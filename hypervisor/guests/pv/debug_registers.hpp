// DR0 to DR7. A vcpu's breakpoints are in the CPU only while it runs and only if it has any switched on.
// What takes no vcpu is about the one that runs here, since it writes the CPU's registers.
#pragma once

#include <cstdint>

#include "domain/vcpu.hpp"

namespace basalt {
class PvVcpu;
}

namespace basalt::pv {

// #DB in ring 3: DR6 becomes the guest's, and the guest is told.
void debug_exception(Vcpu& vcpu);

// A single step over an emulated instruction ends like any other.
void single_stepped(Vcpu& vcpu);

// In the vcpu's record alone, which its switch loads. not_permitted: an address or a breakpoint the guest may not have;
// no_device: no such register, which DR4 and DR5 are while CR4.DE is set.
Result<> set_debug_register(PvVcpu& pv, unsigned number, std::uint64_t value);
Result<std::uint64_t> read_debug_register(const Vcpu& vcpu, unsigned number);

// As set_debugreg and MOV do: the same, and from now on in the CPU.
Result<> write_debug_register(unsigned number, std::uint64_t value);

// Of the context switch: into and out of the CPU.
void load_debug_registers(const Vcpu& vcpu);
void leave_debug_registers(const Vcpu& vcpu);

}  // namespace basalt::pv
