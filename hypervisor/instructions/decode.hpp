// The few instructions that are carried out for a PV guest: those that ring 3 may not execute though the guest's
// kernel thinks itself privileged, and those that write one word of a page table. 64-bit code only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "formats/registers.hpp"

namespace basalt::instructions {

// clang-format off: a table
enum class Operation : std::uint8_t {
    // on a register or on memory; the result goes where the ModRM byte says
    move, exchange, compare_exchange, exchange_add, add, bitwise_or, bitwise_and, subtract, bitwise_xor,
    bit_set, bit_reset, bit_complement, store_string, move_string,
    // of ring 0
    read_control, write_control, read_debug, write_debug, clear_task_switched, load_machine_status,
    store_gdt, store_idt, store_ldt, store_task, store_machine_status, read_msr, write_msr, read_tsc, read_tsc_and_aux,
    read_counter, set_extended_control, halt, write_back_caches, invalidate_caches, clear_interrupts, set_interrupts,
    // ports
    in, out, in_string, out_string,
    // explicit
    software_interrupt, cpuid,
};
// clang-format on

inline constexpr unsigned longest_instruction = 15;

enum class Segment : std::uint8_t { flat, fs, gs };

// base + (index << shift) + displacement, cut to 32 bits where the instruction says so.
struct MemoryOperand {
    static constexpr std::uint8_t none = 0xff;
    static constexpr std::uint8_t instruction_pointer = 0xfe;   // of the next instruction
    std::uint8_t base = none;
    std::uint8_t index = none;
    std::uint8_t shift = 0;
    Segment segment = Segment::flat;
    bool narrow = false;
    std::int64_t displacement = 0;
};

struct Instruction {
    Operation operation{};
    std::uint8_t length = 0;
    std::uint8_t width = 0;          // of the operand, in bytes: 1, 2, 4 or 8
    std::uint8_t reg = 0;            // ModRM.reg: a general, control or debug register
    std::uint8_t rm = 0;             // ModRM.rm, if it is a register
    bool locked = false;
    bool repeated = false;
    bool in_memory = false;          // the ModRM operand
    bool has_immediate = false;      // the source is `immediate`, not `reg`
    bool old_byte_registers = false; // no REX: byte registers 4 to 7 are AH, CH, DH, BH
    std::uint64_t immediate = 0;     // sign-extended
    MemoryOperand memory;
};

// Nothing: not one of ours, or the bytes end too soon.
std::optional<Instruction> decode(std::span<const std::uint8_t> bytes);

struct SegmentBases {
    std::uint64_t fs = 0, gs = 0;
};
// Of the ModRM operand, or of where a string goes. A bit number in a register counts from there (SDM 2A, BTS).
std::uint64_t address_of(const Instruction& instruction, const Registers& registers, SegmentBases bases);

constexpr bool is_string(Operation operation) {
    return operation == Operation::store_string || operation == Operation::move_string;
}
constexpr bool is_bit(Operation operation) {
    return operation == Operation::bit_set || operation == Operation::bit_reset || operation == Operation::bit_complement;
}

std::uint64_t& general_register(Registers& registers, unsigned number);
std::uint64_t read_register(Registers& registers, const Instruction& instruction, unsigned number);
// As the CPU does: 32 bits clear the upper half, 8 and 16 leave the rest.
void write_register(Registers& registers, const Instruction& instruction, unsigned number, std::uint64_t value);

constexpr std::uint64_t mask_of(unsigned width) { return width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << width * 8) - 1; }

}  // namespace basalt::instructions
