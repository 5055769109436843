// What this machine offers to domains, and which of it each has got.
#pragma once

#include "guests/pv/cpu_policy.hpp"

namespace basalt {
class Domain;
}

namespace basalt::pv {

// Once, before there is a domain.
void find_offer();
const Offer& machine_offer();

const CpuPolicy& policy_of(const Domain& domain);

// As the CPUs say it, and as far as Basalt makes use of them.
CpuidLeaf raw_leaf(std::uint32_t leaf, std::uint32_t subleaf);
CpuidLeaf host_leaf(std::uint32_t leaf, std::uint32_t subleaf);

}  // namespace basalt::pv
