// What an instruction is to the hypervisor, in any of a guest's modes: those that it carries out, and those whose length it
// has to know.
#pragma once

#include <cstdint>

namespace basalt::instructions {

// SDM 3A 3.4.5, 5.2.1: what bits L and D of a code segment say. Real and virtual-8086 mode are of 16 bits.
enum class Mode : std::uint8_t { bits_16, bits_32, bits_64 };

// clang-format off: a table
enum class Operation : std::uint8_t {
    // on a word, which effect_of() knows; their order counts below
    move, move_zero_extended, move_sign_extended, exchange, compare_exchange, exchange_add,
    add, add_with_carry, subtract, subtract_with_borrow, bitwise_and, bitwise_or, bitwise_xor,
    bit_set, bit_reset, bit_complement, bit_test, compare, test, store_string, move_string,
    // of ring 0
    read_control, write_control, read_debug, write_debug, clear_task_switched, load_machine_status,
    store_gdt, store_idt, store_ldt, store_task, store_machine_status, read_msr, write_msr, read_tsc, read_tsc_and_aux,
    read_counter, set_extended_control, halt, write_back_caches, invalidate_caches, invalidate_page, clear_interrupts,
    set_interrupts, interrupt_return,
    // ports
    in, out, in_string, out_string,
    // explicit
    software_interrupt, breakpoint, interrupt_on_overflow, cpuid, vmcall, vmmcall, monitor, monitor_wait, pause,
};
// clang-format on
inline constexpr unsigned operations = static_cast<unsigned>(Operation::pause) + 1;

inline constexpr unsigned longest_instruction = 15;

// By the number that instructions and both kinds of guest records give them.
enum class Segment : std::uint8_t { es, cs, ss, ds, fs, gs };

// base + (index << shift) + displacement, cut to `width` bytes, in `segment`. General registers go by their numbers.
struct MemoryOperand {
    static constexpr std::uint8_t none = 0xff;
    static constexpr std::uint8_t instruction_pointer = 0xfe;   // of the next instruction
    std::uint8_t base = none;
    std::uint8_t index = none;
    std::uint8_t shift = 0;
    std::uint8_t width = 8;           // of an address: 2, 4 or 8
    Segment segment = Segment::ds;    // in 64-bit code only FS and GS have a base, and no other prefix changes it
    std::int64_t displacement = 0;
};

struct Instruction {
    Operation operation{};
    std::uint8_t length = 0;
    std::uint8_t width = 0;          // of the operand, in bytes: 1, 2, 4 or 8; what SGDT and SIDT store is longer
    std::uint8_t result_width = 0;   // of a register that changes: another one for MOVZX and MOVSX alone
    std::uint8_t reg = 0;            // ModRM.reg: a general, control or debug register
    std::uint8_t rm = 0;             // ModRM.rm, if it is a register
    Segment source_segment = Segment::ds;   // MOVS: where it takes from, at rSI
    bool locked = false;
    bool repeated = false;           // REP or REPNE
    bool in_memory = false;          // the ModRM operand, or what a string instruction names
    bool into_register = false;      // that operand is the source, and `reg` changes
    bool has_immediate = false;      // the source is `immediate`, not `reg`
    bool old_byte_registers = false; // no REX: byte registers 4 to 7 are AH, CH, DH, BH
    std::uint64_t immediate = 0;     // sign-extended
    MemoryOperand memory;
};

constexpr bool is_word_operation(Operation operation) { return operation <= Operation::move_string; }
constexpr bool is_string(Operation operation) {
    return operation == Operation::store_string || operation == Operation::move_string;
}
constexpr bool is_bit(Operation operation) { return operation >= Operation::bit_set && operation <= Operation::bit_test; }
constexpr bool only_looks(Operation operation) { return operation >= Operation::bit_test && operation <= Operation::test; }

// A word in memory is what effect_of() finds, or what it leaves there, or both. MOVS finds its source, elsewhere.
constexpr bool stores_word(const Instruction& it) {
    return is_word_operation(it.operation) && it.in_memory && !it.into_register && !only_looks(it.operation);
}
constexpr bool loads_word(const Instruction& it) {
    const bool only_stores = (it.operation == Operation::move && !it.into_register) || is_string(it.operation);
    return is_word_operation(it.operation) && it.in_memory && !only_stores;
}

constexpr std::uint64_t mask_of(unsigned width) { return width == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << width * 8) - 1; }

}  // namespace basalt::instructions
