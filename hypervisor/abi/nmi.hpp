// NMIs of a guest, and their reasons.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/nmi.h>
}
