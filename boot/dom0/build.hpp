// Dom0: the domain that Basalt makes itself, out of what the loader handed over.
#pragma once

#include <cstdint>
#include <string_view>

#include "boot/dom0/elf_image.hpp"
#include "boot/dom0/reason.hpp"
#include "boot/wishes.hpp"
#include "domain/domain.hpp"

namespace basalt::dom0 {

struct Wishes {
    Bytes kernel;                     // bzImage or ELF file
    Bytes initrd;
    std::string_view command_line;    // of the kernel
    MemoryWish memory;
    VcpuWish vcpus;
    std::uint32_t cpus = 1;           // of the machine
    bool vcpus_pinned = false;        // each to a CPU of its own, as far as there are
};

// The domain, its first vcpu ready to run. The loader's modules are given back on the way: they are Dom0's memory too.
Started<Domain*> build(const Wishes& wishes);

}  // namespace basalt::dom0
