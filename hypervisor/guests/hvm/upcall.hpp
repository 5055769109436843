// How a hardware-assisted guest wants to be told of events: by a vector of each vcpu's local APIC.
#pragma once

#include <cstdint>

#include "domain/vcpu.hpp"

namespace basalt::hvm {

inline constexpr std::uint8_t first_vector = 16;   // below are exceptions: a local APIC takes none of them

// From now on, at least first_vector. Any vcpu of the domain may say so for any other.
void set_upcall_vector(Vcpu& vcpu, std::uint8_t vector);

// It hears once more of what it has not looked at: how it hears has changed.
void tell_again(Vcpu& vcpu);
void tell_all_again(Domain& domain);

}   // namespace basalt::hvm
