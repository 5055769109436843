// Grant tables.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/grant_table.h>
}
