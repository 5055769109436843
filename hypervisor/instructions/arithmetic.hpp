// What an instruction makes of the word it finds in memory. SDM 2, each instruction's "Operation" and "Flags Affected".
#pragma once

#include <cstdint>

#include "formats/registers.hpp"
#include "instructions/instruction.hpp"

namespace basalt::instructions {

struct Effect {
    std::uint64_t stored = 0;         // what memory holds afterwards
    std::uint64_t flags = 0;          // RFLAGS afterwards
    bool register_changes = false;
    unsigned register_number = 0;     // where the result goes; XCHG, XADD: the source; CMPXCHG that fails: RAX
    std::uint64_t register_value = 0;   // for write_register()
};

// `found` and what is stored are `instruction.width` bytes wide. Only is_word_operation(). MOVS: what was at the source is the
// instruction's immediate.
Effect effect_of(const Instruction& instruction, const Registers& registers, std::uint64_t found);

}  // namespace basalt::instructions
