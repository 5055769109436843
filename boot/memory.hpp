// From the loader's memory map to memory/.
#pragma once

#include <cstdint>

#include "machine/boot_info.hpp"

namespace basalt {

// Basalt's own page tables over all memory, then the allocator over what is left.
void start_up_memory(const BootInfo& info);

// Free memory is counted, and taken, by the nodes that find_nodes() has found.
void divide_memory_by_nodes();

// A ring for the log that has this size or, as Xen rounds it, the next power of two; fitted to what there is.
void give_log_room(std::uint64_t size);

// The loader's modules, once Dom0 has been made of them: how many frames they are, and the frames.
std::uint64_t frames_of_modules(const BootInfo& info);
void give_modules_back(const BootInfo& info);

// The code that only start-up needed.
void give_start_up_back();

}  // namespace basalt
