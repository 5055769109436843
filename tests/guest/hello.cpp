// RUN: %boot-guest | FileCheck %s
// CHECK: guest: {{[0-9]+}} passed, 0 failed
#include "kit/case.hpp"

namespace kit {
namespace {

constexpr auto table = std::to_array<Case>({
    {"console_io.write", "prints what it is given", [] { expect_equal(console_io(CONSOLEIO_write, 0, nullptr), 0); }},
    {"xen_version.version", "is 4.17", [] { expect_equal(xen_version(XENVER_version), 4 << 16 | 17); }},
});

}

constinit const std::span<const Case> cases = table;

}
