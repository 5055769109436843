// Dom0: the domain that Basalt makes itself, out of what the loader handed over.
#pragma once

#include <cstdint>
#include <string_view>

#include "boot/dom0/elf_image.hpp"
#include "boot/dom0/reason.hpp"
#include "domain/domain.hpp"

namespace basalt::dom0 {

struct Wishes {
    Bytes kernel;                     // bzImage or ELF file
    Bytes initrd;
    std::string_view command_line;    // of the kernel
    std::uint64_t memory = 0;         // bytes; 0: all that is free but a reserve
    std::uint32_t vcpus = 1;
};

// The domain, its first vcpu ready to run.
Started<Domain*> build(const Wishes& wishes);

}  // namespace basalt::dom0
