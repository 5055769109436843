// How a PVH kernel is started.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/arch-x86/hvm/start_info.h>
}
