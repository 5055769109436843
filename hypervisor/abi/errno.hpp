// Error numbers.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/errno.h>
}
