// What a kernel says of itself in its ELF notes.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/elfnote.h>
}
