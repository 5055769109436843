// CPUID as a PV guest's kernel gets it when it asks by the forced-emulation prefix.
#pragma once

#include <cstdint>

#include "domain/vcpu.hpp"
#include "machine/instructions.hpp"

namespace basalt::pv {

CpuidLeaf guest_cpuid(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf);

// What Basalt says of itself, 0x40000000 on; for every kind of guest.
CpuidLeaf hypervisor_leaf(const Domain& domain, std::uint32_t leaf, std::uint32_t subleaf);

}  // namespace basalt::pv
