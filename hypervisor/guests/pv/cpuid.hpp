// CPUID as a PV guest's kernel gets it when it asks by the forced-emulation prefix.
#pragma once

#include <cstdint>

#include "domain/vcpu.hpp"
#include "machine/instructions.hpp"

namespace basalt::pv {

CpuidLeaf guest_cpuid(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf);

}  // namespace basalt::pv
