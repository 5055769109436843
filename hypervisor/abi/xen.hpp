// What all of the interface stands on: numbers of calls and of domains, pages shared with a guest, contexts of vcpus,
// updates of page tables.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/xen.h>
}
