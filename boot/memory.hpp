// From the loader's memory map to memory/.
#pragma once

#include "machine/boot_info.hpp"

namespace basalt {

// Basalt's own page tables over all memory, then the allocator over what is left.
void start_up_memory(const BootInfo& info);

// The loader's modules, once Dom0 has been made of them, and the code that only start-up needed.
void give_start_up_back(const BootInfo& info);

}  // namespace basalt
