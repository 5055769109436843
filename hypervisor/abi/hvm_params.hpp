// A guest's parameters: where its console and its store are.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/hvm/params.h>
}
