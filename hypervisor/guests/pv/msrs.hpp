// Model-specific registers as a PV guest's kernel sees them.
#pragma once

#include <cstdint>
#include <optional>

#include "domain/vcpu.hpp"
#include "guests/pv/carried.hpp"

namespace basalt::pv {

// Nothing, or refused: #GP.
std::optional<std::uint64_t> read_guest_msr(const Vcpu& vcpu, std::uint32_t msr);
Carried write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value);

// Of the context switch: what RDTSCP and RDPID tell ring 3, into the CPU.
void load_tsc_aux(const Vcpu& vcpu);

// WBINVD is carried out for whoever drives devices, and costs the others nothing.
bool caches_matter(const Vcpu& vcpu);

}  // namespace basalt::pv
