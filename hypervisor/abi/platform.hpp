// The machine itself: firmware, sleep, microcode.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/platform.h>
}
