// Machine checks.
#pragma once

#include "abi/xen.hpp"

extern "C" {
#include <xen/arch-x86/xen-mca.h>
}
