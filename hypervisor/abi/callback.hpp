// Where a guest is entered: callback_op.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/callback.h>
}
