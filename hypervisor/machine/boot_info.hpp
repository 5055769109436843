// What the loader handed over, whichever loader it was. Filled in by boot/, read by every room above the machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "machine/memory_map.hpp"

namespace basalt {

struct BootModule {
    std::uint64_t start = 0;   // physical
    std::uint64_t size = 0;
    std::string_view command_line;
};

struct BootInfo {
    std::string_view loader;
    std::string_view command_line;             // Basalt's own
    std::span<const BootModule> modules;       // the first is Dom0's kernel, the second its initial RAM disk
    MemoryMap memory;
    std::uint64_t rsdp = 0;                    // physical address of a copy or of the original; 0: look below 1 MiB
    std::uint64_t efi_system_table = 0;        // physical; 0: booted by a BIOS
    std::span<const std::byte> efi_memory_map; // as GetMemoryMap gave it
    std::size_t efi_descriptor_size = 0;
    PhysicalRange image;                       // Basalt itself
    std::size_t modules_left_out = 0;          // of what the loader said, what there was no room for
    std::size_t regions_left_out = 0;
};

// Valid once boot/ has read the loader's tables; it and what it points to stay for good.
const BootInfo& boot_info();

}  // namespace basalt
