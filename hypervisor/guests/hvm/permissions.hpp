// Which ports and model-specific registers a guest may touch without an exit: maps of bits for the processor, the same for all.
#pragma once

#include <cstdint>

#include "core/result.hpp"

namespace basalt::hvm {

struct Permissions {
    std::uint64_t ports = 0, registers = 0;   // physical addresses: APM 2 15.10, 15.11
};

// Made with the first guest, and kept. no_memory.
Result<Permissions> permissions();

}   // namespace basalt::hvm
