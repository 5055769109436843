// What this machine offers to domains, and which of it each has got.
#pragma once

#include "core/guest_kind.hpp"
#include "guests/policy/cpu_policy.hpp"

namespace basalt {
class Domain;
}

namespace basalt::policy {

// Once, before there is a domain.
void find_offer();
const Offer& machine_offer(GuestKind kind);

const CpuPolicy& policy_of(const Domain& domain);

// As the CPUs say it, and as far as Basalt makes use of them.
CpuidLeaf raw_leaf(std::uint32_t leaf, std::uint32_t subleaf);
CpuidLeaf host_leaf(std::uint32_t leaf, std::uint32_t subleaf);

}  // namespace basalt::policy
