// CR0, CR2, CR3, CR4 and XCR0 as the guest's kernel believes them to be.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/vcpu.hpp"
#include "guests/pv/carried.hpp"

namespace basalt {
class PvVcpu;
}

namespace basalt::pv {

std::optional<std::uint64_t> read_control_register(const Vcpu& vcpu, unsigned number);

// Of the vcpu that runs here, since these write the CPU's registers too. Refused, or false: #GP, for a register or a value
// that the guest may not have. CR3 may take many steps (roots.hpp).
Carried write_control_register(unsigned number, std::uint64_t value);
bool set_guest_xcr(std::uint32_t number, std::uint64_t value);

// CR4 as the guest sees it after asking for `wanted`: its own choice where it has one, the machine's elsewhere.
std::uint64_t permitted_cr4(const Domain& domain, std::uint64_t wanted);

// What the CPU has while the vcpu runs: nothing is on for user mode that the guest's kernel has not switched on, and
// nobody reads the TSC of the processor where tools have chosen that it is emulated.
std::uint64_t real_cr4(const Vcpu& vcpu);
std::uint64_t real_xcr0(const PvVcpu& pv);
void load_control_registers(const Vcpu& vcpu);

}  // namespace basalt::pv
