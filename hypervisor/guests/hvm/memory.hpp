// A hardware-assisted guest's memory at its linear addresses, through its own tables: what calls name is behind the seams of
// domain/guest_memory.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/result.hpp"
#include "hvm_vcpu/hvm_vcpu.hpp"

namespace basalt::hvm {

// Code, as the vcpu in its mode would fetch it; where its first page was found is kept. bad_address: it could not.
Result<> fetch(HvmVcpu& vcpu, std::span<std::byte> to, std::uint64_t linear);

}   // namespace basalt::hvm
