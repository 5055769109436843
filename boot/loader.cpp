// Which of the two protocols started us, and what its loader said, kept for good.
#include <multiboot2.h>

#include "boot/gather.hpp"

namespace basalt {
namespace {

constinit Gathered gathered;

}  // namespace

const BootInfo& boot_info() { return gathered.finish(); }

void read_loader_tables(std::uint32_t magic, std::uint64_t physical) {
    if (magic == MULTIBOOT2_BOOTLOADER_MAGIC)
        read_multiboot2(physical, gathered);
    else
        read_pvh(physical, gathered);
}

}  // namespace basalt
