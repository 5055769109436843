// What Basalt says of itself by CPUID, 0x40000000 on, to a vcpu of any kind: <xen/arch-x86/cpuid.h>.
#pragma once

#include <cstdint>

#include "abi/cpuid.hpp"
#include "domain/vcpu.hpp"
#include "machine/instructions.hpp"

namespace basalt::policy {

constexpr bool is_of_hypervisor(std::uint32_t leaf) { return leaf - XEN_CPUID_FIRST_LEAF < 0x1'0000; }
CpuidLeaf hypervisor_leaf(const Vcpu& vcpu, std::uint32_t leaf, std::uint32_t subleaf);

}   // namespace basalt::policy
