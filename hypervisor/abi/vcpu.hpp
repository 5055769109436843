// Vcpus: runstates, timers, up and down.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/vcpu.h>
}
