// Basalt's own calls, which no other hypervisor has: announced in CPUID leaf 0x40000101 (EBX). Stock Xen says -ENOSYS.
#include "domain/audit.hpp"
#include "hypercalls/commands.hpp"
#include "hypercalls/handlers.hpp"
#include "table/basalt_op.hpp"

namespace basalt::hypercalls {
namespace {

constexpr auto commands = bind<table::basalt_op>(does<basalt_audit, audit>);

}  // namespace

Ending basalt_op(Call call, std::uint32_t command) { return give(commands, command, call); }

}  // namespace basalt::hypercalls
