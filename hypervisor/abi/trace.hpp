// Trace buffers.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/trace.h>
}
