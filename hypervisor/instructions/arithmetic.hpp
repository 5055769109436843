// What an instruction makes of the word it finds in memory. SDM 2, each instruction's "Operation" and "Flags Affected".
#pragma once

#include <cstdint>

#include "instructions/decode.hpp"

namespace basalt::instructions {

struct Effect {
    std::uint64_t stored = 0;         // what memory holds afterwards
    std::uint64_t flags = 0;          // RFLAGS afterwards
    bool register_changes = false;
    unsigned register_number = 0;     // XCHG, XADD: the source; CMPXCHG that fails: RAX
    std::uint64_t register_value = 0;
};

// `found` and the result are `instruction.width` bytes wide. Only operations on memory.
Effect effect_of(const Instruction& instruction, Registers& registers, std::uint64_t found);

constexpr bool is_memory_operation(Operation operation) { return operation <= Operation::move_string; }

}  // namespace basalt::instructions
