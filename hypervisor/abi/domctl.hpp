// What tools ask of one domain.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/domctl.h>
}
