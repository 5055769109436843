// The hypervisor's CPUID leaves, and the words for a CPU's features.
#pragma once

#include <cstdint>

extern "C" {
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
}
