// Yield, block, poll, shut down.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/sched.h>
}
