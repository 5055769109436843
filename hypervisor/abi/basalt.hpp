// The numbers of Basalt's own calls, for whoever makes them: __HYPERVISOR_arch_7, the command as its first argument.
#pragma once

#include "abi/xen.hpp"

namespace basalt {

inline constexpr unsigned basalt_op_number = __HYPERVISOR_arch_7;

// 0: all frames, ports and grants are as they follow from each other. -EIO: they are not, and the log says what was
// found first. -ENOMEM: there is no memory to count in.
inline constexpr unsigned basalt_audit = 0;

}  // namespace basalt
