// Basalt's own calls, which no other hypervisor has: announced in CPUID leaf 0x40000101 (EBX), answered by stock Xen with -ENOSYS.
#include "domain/audit.hpp"
#include "hypercalls/basalt_calls.hpp"
#include "hypercalls/handlers.hpp"

namespace basalt::hypercalls {

// rdi: the command.
Ending basalt_op(Registers& registers) {
    if (registers.rdi != basalt_audit) return answer(registers, subcall_unknown("basalt_op", static_cast<std::uint32_t>(registers.rdi)));
    const auto agrees = audit();
    return !agrees && agrees.error() == Error::again ? Ending::resume : answer(registers, agrees);
}

}  // namespace basalt::hypercalls
