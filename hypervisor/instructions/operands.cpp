#include "instructions/operands.hpp"

namespace basalt::instructions {
namespace {

constexpr std::uint64_t Registers::* in_order[16] = {&Registers::rax, &Registers::rcx, &Registers::rdx, &Registers::rbx,
                                                     &Registers::rsp, &Registers::rbp, &Registers::rsi, &Registers::rdi,
                                                     &Registers::r8,  &Registers::r9,  &Registers::r10, &Registers::r11,
                                                     &Registers::r12, &Registers::r13, &Registers::r14, &Registers::r15};
constexpr unsigned first_high_byte = 4;

bool is_high_byte(const Instruction& instruction, unsigned width, unsigned number) {
    return width == 1 && instruction.old_byte_registers && number >= first_high_byte && number < 2 * first_high_byte;
}

std::uint64_t value_of(const Registers& registers, unsigned number) { return registers.*in_order[number & 15]; }

// The low `width` bytes of a register, as an instruction of that width leaves it.
void put(std::uint64_t& whole, unsigned width, std::uint64_t value) {
    const std::uint64_t mask = mask_of(width);
    whole = width >= 4 ? value & mask : (whole & ~mask) | (value & mask);
}

std::uint64_t cut(const Instruction& instruction, std::uint64_t address) {
    if (instruction.memory.width != 8) [[unlikely]]
        return address & mask_of(instruction.memory.width);
    return address;
}

std::uint64_t beginning_of(const Instruction& instruction, const Registers& registers) {
    const MemoryOperand& memory = instruction.memory;
    auto offset = static_cast<std::uint64_t>(memory.displacement);
    if (memory.base == MemoryOperand::instruction_pointer)
        offset += registers.rip + instruction.length;
    else if (memory.base != MemoryOperand::none)
        offset += value_of(registers, memory.base);
    if (memory.index != MemoryOperand::none) offset += value_of(registers, memory.index) << memory.shift;
    return offset;
}

// Of the word that a bit's number in a register leads to.
[[gnu::noinline]] std::uint64_t offset_of_bit(const Instruction& instruction, const Registers& registers) {
    const unsigned unused = 64 - instruction.width * 8u;
    const auto number = static_cast<std::int64_t>(read_register(registers, instruction, instruction.reg) << unused) >> unused;
    const std::int64_t bits = instruction.width * 8;
    const std::int64_t distance = (number & ~(bits - 1)) / 8;
    return cut(instruction, beginning_of(instruction, registers) + static_cast<std::uint64_t>(distance));
}

bool takes_from_source(Operation operation) {
    return operation == Operation::move_string || operation == Operation::out_string;
}
bool puts_into_destination(Operation operation) { return operation != Operation::out_string; }

}  // namespace

std::uint64_t& general_register(Registers& registers, unsigned number) { return registers.*in_order[number & 15]; }

std::uint64_t read_register(const Registers& registers, const Instruction& instruction, unsigned number) {
    if (is_high_byte(instruction, instruction.width, number)) return value_of(registers, number - first_high_byte) >> 8 & 0xff;
    return value_of(registers, number) & mask_of(instruction.width);
}

void write_register(Registers& registers, const Instruction& instruction, unsigned number, std::uint64_t value) {
    if (is_high_byte(instruction, instruction.result_width, number)) {
        std::uint64_t& whole = general_register(registers, number - first_high_byte);
        whole = (whole & ~std::uint64_t{0xff00}) | (value & 0xff) << 8;
        return;
    }
    put(general_register(registers, number), instruction.result_width, value);
}

std::uint64_t offset_of(const Instruction& instruction, const Registers& registers) {
    if (is_bit(instruction.operation) && !instruction.has_immediate) return offset_of_bit(instruction, registers);
    return cut(instruction, beginning_of(instruction, registers));
}

std::uint64_t source_offset_of(const Instruction& instruction, const Registers& registers) {
    return cut(instruction, registers.rsi);
}

std::uint64_t elements_left(const Instruction& instruction, const Registers& registers) {
    return instruction.repeated ? cut(instruction, registers.rcx) : 1;
}

void step_string(const Instruction& instruction, Registers& registers, std::uint64_t elements) {
    const std::uint64_t bytes = elements * instruction.width;
    const std::uint64_t step = (registers.rflags & rflags::direction) != 0 ? std::uint64_t{0} - bytes : bytes;
    const unsigned width = instruction.memory.width;
    if (takes_from_source(instruction.operation)) put(registers.rsi, width, registers.rsi + step);
    if (puts_into_destination(instruction.operation)) put(registers.rdi, width, registers.rdi + step);
    if (instruction.repeated) put(registers.rcx, width, registers.rcx - elements);
}

}  // namespace basalt::instructions
