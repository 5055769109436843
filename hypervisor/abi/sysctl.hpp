// What tools ask of the machine.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/sysctl.h>
}
