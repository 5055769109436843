// Basalt's own calls, which no other hypervisor has: announced in CPUID leaf 0x40000101 (EBX). Stock Xen says -ENOSYS.
#include "domain/audit.hpp"
#include "hypercalls/basalt_calls.hpp"
#include "hypercalls/handlers.hpp"

namespace basalt::hypercalls {

// rdi: the command.
Ending basalt_op(Registers& registers) {
    const auto command = static_cast<std::uint32_t>(registers.rdi);
    if (command != basalt_audit) return answer(registers, subcall_unknown("basalt_op", command));
    const auto agrees = audit();
    return !agrees && agrees.error() == Error::again ? Ending::resume : answer(registers, agrees);
}

}  // namespace basalt::hypercalls
