// What hardware-assisted guests and their tools ask of the hypervisor beyond what every guest may.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/hvm/hvm_op.h>
}
