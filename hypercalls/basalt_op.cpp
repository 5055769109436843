// Basalt's own calls, which no other hypervisor has: announced in CPUID leaf 0x40000101 (EBX). Stock Xen says -ENOSYS.
#include "domain/audit.hpp"
#include "hypercalls/commands.hpp"
#include "table/basalt_op.hpp"

namespace basalt::hypercalls {
namespace {

constexpr auto commands = bind<table::basalt_op>(does<basalt_audit, audit>);

}  // namespace

template <>
Ending hypercall<table::basalt_op>(Call call) {
    return give(commands, call);
}

}  // namespace basalt::hypercalls
