// Who this is, and what it can do.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/version.h>
#include <xen/features.h>
}
