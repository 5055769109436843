// Where the linker script put things (basalt.ld).
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
extern std::byte image_start[], image_end[];
extern std::byte start_up_start[], init_text_end[], start_up_end[];
extern std::byte rodata_start[], rodata_end[];
extern std::byte text_start[], text_end[];
extern std::byte entry_text_start[], entry_text_end[];
extern std::byte entry_data_start[], entry_data_end[];
extern std::byte bss_end[], symbols_start[];
extern const std::byte image_build_id[20];
}

namespace basalt {

inline std::uint64_t address_of(const void* it) { return reinterpret_cast<std::uint64_t>(it); }

// The image lies in one piece wherever the loader put it.
std::uint64_t physical_in_image(const void* it);

}  // namespace basalt
