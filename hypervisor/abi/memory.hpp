// Memory: reservations, maps, resources.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/memory.h>
}
