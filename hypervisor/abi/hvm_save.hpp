// Records of what a guest with a machine of its own consists of, as tools carry them from one host to another.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
#include <xen/hvm/save.h>
}
