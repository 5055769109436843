// CR4, EFER and XCR0 of a hardware-assisted guest: which of their bits its processor has. CR0 is the guest's own, and the
// processor keeps EFER.LMA by it. SDM 3A 2.5, 4.1.2; APM 2 3.1, 14.6.
#pragma once

#include <cstdint>

#include "domain/domain.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

std::uint64_t possible_cr4(const Domain& domain);   // by its policy
unsigned physical_bits(const Domain& domain);        // of its addresses, the same
std::uint64_t possible_efer(const Domain& domain);   // LMA, which is the processor's own, included

// False: #GP(0), and nothing is written. Translations that the guest has to forget by this are forgotten.
[[nodiscard]] bool write_cr4(HvmVcpu& vcpu, std::uint64_t value);
[[nodiscard]] bool write_efer(HvmVcpu& vcpu, std::uint64_t value);
// XCR0, in the CPU.
[[nodiscard]] bool write_xcr0(HvmVcpu& vcpu, std::uint64_t value);

// Its own choice, whatever else the processor needs: a machine check while CR4.MCE is clear would shut the processor down, so
// the processor's is always set, and reads are exits while the guest's is not.
void set_cr4(HvmVcpu& vcpu, std::uint64_t value);
std::uint64_t guest_cr4(const HvmVcpu& vcpu);

}   // namespace basalt::hvm
