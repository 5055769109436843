// The page through which a hardware-assisted guest's kernel makes its hypercalls: 32 bytes for each number.
#pragma once

#include <cstdint>

#include "domain/domain.hpp"

namespace basalt::hvm {

// False: #GP; the low bits choose a page, and there is one, or no memory of the guest's is there.
[[nodiscard]] bool place_hypercall_page(const Domain& domain, std::uint64_t address);

}   // namespace basalt::hvm
