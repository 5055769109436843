// What domctl and sysctl share: both are spoken by tools, describe domains, and carry CPU sets as bit maps.
#pragma once

#include "abi/domctl.hpp"
#include "abi/xen.hpp"
#include "core/cpu_mask.hpp"
#include "domain/domain.hpp"
#include "hypercalls/call.hpp"

namespace basalt::hypercalls {

xen_domctl_getdomaininfo describe(Domain& domain);

// A bit map in the tools' memory: bits beyond its length are cut off, bits beyond ours are zero up to most_map_bytes.
inline constexpr std::size_t most_map_bytes = 1024;
Result<> write_bit_map(const xenctl_bitmap& map, CpuMask cpus);
Result<CpuMask> read_bit_map(const xenctl_bitmap& map);

}  // namespace basalt::hypercalls
