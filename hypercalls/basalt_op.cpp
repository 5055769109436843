// Basalt's own calls, which no other hypervisor has: announced in CPUID leaf 0x40000101 (EBX). Stock Xen says -ENOSYS.
#include "domain/audit.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "table/basalt_op.hpp"

namespace basalt::hypercalls {
namespace {

Ending audit_all(Registers& registers) {
    const auto agrees = audit();
    return !agrees && agrees.error() == Error::again ? Ending::resume : answer(registers, agrees);
}

constexpr auto commands = bind<table::basalt_op, Handler>({{basalt_audit, audit_all}});

}  // namespace

// rdi: the command.
Ending basalt_op(Registers& registers) {
    return give(commands, static_cast<std::uint32_t>(registers.rdi), registers);
}

}  // namespace basalt::hypercalls
