// Interrupts and PCI devices.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/physdev.h>
}
