// Whether a CPU record is of a processor that there can be. Asked before anything of it is taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "records/kinds.hpp"

namespace basalt::records {

// What this guest's processors have, by its policy.
struct Offer {
    std::uint64_t cr4 = 0;   // bits that the guest may set
    std::uint64_t efer = 0;   // the same; where there is long mode, LMA too
    std::uint8_t physical_bits = 36;
};

// What is wrong first; none: nothing. The tool is told `invalid`, as by Xen. What Xen refuses is refused, and what VMRUN or VM
// entry would, as no processor can have come to it (APM 2 15.5.1, SDM 3C 26.3.1): README.md has both lists. Left to entry on
// Intel's are privilege levels that do not fit together, and segments of virtual-8086 mode. Bit 1 of RFLAGS is for the caller
// to set: tools leave it out.
std::optional<std::string_view> wrong_with(const hvm_hw_cpu& cpu, const Offer& offer);

}   // namespace basalt::records
