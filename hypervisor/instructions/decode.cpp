#include "instructions/decode.hpp"

namespace basalt::instructions {
namespace {

// SDM 2A 2.1: prefixes, opcode, ModRM, SIB, displacement, immediate, in this order.
class Bytes {
public:
    explicit Bytes(std::span<const std::uint8_t> bytes)
        : bytes_(bytes.first(bytes.size() < longest_instruction ? bytes.size() : longest_instruction)) {}

    bool short_of_bytes() const { return short_; }
    std::uint8_t position() const { return static_cast<std::uint8_t>(position_); }
    std::uint8_t peek() const { return position_ < bytes_.size() ? bytes_[position_] : std::uint8_t{0}; }

    std::uint64_t take(unsigned count) {
        std::uint64_t value = 0;
        for (unsigned byte = 0; byte < count; ++byte) value |= std::uint64_t{next()} << byte * 8;
        return value;
    }
    std::int64_t take_signed(unsigned count) {
        const unsigned unused = 64 - count * 8;
        return static_cast<std::int64_t>(take(count) << unused) >> unused;
    }

private:
    std::uint8_t next() {
        if (position_ < bytes_.size()) return bytes_[position_++];
        short_ = true;
        return 0;
    }
    std::span<const std::uint8_t> bytes_;
    std::size_t position_ = 0;
    bool short_ = false;
};

struct Prefixes {
    bool operand_16 = false;
    bool repeat = false;
    bool rex = false, wide = false;
    std::uint8_t reg_high = 0, index_high = 0, base_high = 0;   // 8 or 0
};

class Decoder {
public:
    explicit Decoder(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    std::optional<Instruction> run() {
        take_prefixes();
        const auto opcode = static_cast<std::uint8_t>(bytes_.take(1));
        const bool known = opcode == 0x0f ? two_byte(static_cast<std::uint8_t>(bytes_.take(1))) : one_byte(opcode);
        if (!known || bytes_.short_of_bytes()) return std::nullopt;
        it_.length = bytes_.position();
        it_.old_byte_registers = !prefixes_.rex;
        return it_;
    }

private:
    void take_prefixes() {
        for (;; bytes_.take(1)) {
            switch (bytes_.peek()) {
                // clang-format off: a table
                case 0x26: case 0x2e: case 0x36: case 0x3e: continue;   // ES, CS, SS, DS: no base in 64-bit code
                case 0x64: it_.memory.segment = Segment::fs; continue;
                case 0x65: it_.memory.segment = Segment::gs; continue;
                case 0x66: prefixes_.operand_16 = true; continue;
                case 0x67: it_.memory.narrow = true; continue;
                case 0xf0: it_.locked = true; continue;
                case 0xf2: case 0xf3: prefixes_.repeat = true; continue;
                // clang-format on
                default: break;
            }
            break;
        }
        const std::uint8_t rex = bytes_.peek();
        if ((rex & 0xf0) != 0x40) return;
        bytes_.take(1);
        prefixes_.rex = true;
        prefixes_.wide = (rex & 8) != 0;
        prefixes_.reg_high = (rex & 4) != 0 ? 8 : 0;
        prefixes_.index_high = (rex & 2) != 0 ? 8 : 0;
        prefixes_.base_high = (rex & 1) != 0 ? 8 : 0;
    }

    std::uint8_t operand_width() const { return prefixes_.wide ? 8 : prefixes_.operand_16 ? 2 : 4; }
    std::uint8_t port_width(std::uint8_t opcode) const { return (opcode & 1) == 0 ? 1 : prefixes_.operand_16 ? 2 : 4; }

    bool becomes(Operation operation) {
        it_.operation = operation;
        return true;
    }

    // Even opcodes of a pair work on bytes, odd ones on the operand's width.
    bool on_operand(Operation operation, std::uint8_t opcode) {
        it_.width = (opcode & 1) == 0 ? std::uint8_t{1} : operand_width();
        take_operand();
        return becomes(operation);
    }

    void take_immediate(unsigned size) {
        it_.has_immediate = true;
        it_.immediate = static_cast<std::uint64_t>(bytes_.take_signed(size));
    }

    void take_operand() {
        const auto byte = static_cast<std::uint8_t>(bytes_.take(1));
        const unsigned mode = byte >> 6;
        const unsigned low = byte & 7;
        it_.reg = static_cast<std::uint8_t>((byte >> 3 & 7) | prefixes_.reg_high);
        it_.in_memory = mode != 3;
        if (!it_.in_memory) {
            it_.rm = static_cast<std::uint8_t>(low | prefixes_.base_high);
            return;
        }
        bool no_base = mode == 0 && low == 5;
        it_.memory.base = no_base ? MemoryOperand::instruction_pointer : static_cast<std::uint8_t>(low | prefixes_.base_high);
        if (low == 4) no_base = take_scaled_index(mode);
        if (mode == 1) it_.memory.displacement = bytes_.take_signed(1);
        if (mode == 2 || no_base) it_.memory.displacement = bytes_.take_signed(4);
    }

    // The SIB byte. True if there is no base, but a displacement of 4 bytes.
    bool take_scaled_index(unsigned mode) {
        const auto byte = static_cast<std::uint8_t>(bytes_.take(1));
        const auto index = static_cast<std::uint8_t>((byte >> 3 & 7) | prefixes_.index_high);
        if (index != 4) it_.memory.index = index;
        it_.memory.shift = byte >> 6;
        const bool no_base = (byte & 7) == 5 && mode == 0;
        it_.memory.base = no_base ? MemoryOperand::none : static_cast<std::uint8_t>((byte & 7) | prefixes_.base_high);
        return no_base;
    }

    bool port(Operation operation, std::uint8_t opcode, bool immediate) {
        it_.width = port_width(opcode);
        if (immediate) {
            it_.has_immediate = true;
            it_.immediate = bytes_.take(1);
        }
        return becomes(operation);
    }

    bool string_port(Operation operation, std::uint8_t opcode) {
        it_.width = port_width(opcode);
        it_.repeated = prefixes_.repeat;
        return becomes(operation);
    }

    // To ES:RDI, whose base is 0 whatever the prefixes say.
    bool string(Operation operation, std::uint8_t opcode) {
        constexpr std::uint8_t destination = 7;
        if (it_.memory.segment != Segment::flat) return false;
        it_.width = (opcode & 1) == 0 ? std::uint8_t{1} : operand_width();
        it_.repeated = prefixes_.repeat;
        it_.in_memory = true;
        it_.memory.base = destination;
        return becomes(operation);
    }

    bool immediate_arithmetic(std::uint8_t opcode) {
        static constexpr Operation unused = Operation::cpuid;
        static constexpr Operation group[8] = {
            Operation::add,      Operation::bitwise_or,  unused, unused, Operation::bitwise_and,
            Operation::subtract, Operation::bitwise_xor, unused};
        on_operand(Operation::move, opcode);
        take_immediate(opcode == 0x81 ? (it_.width == 2 ? 2 : 4) : 1);
        becomes(group[it_.reg & 7]);
        return it_.operation != unused;
    }

    bool one_byte(std::uint8_t opcode) {
        switch (opcode) {
            // clang-format off: a table
            case 0x00: case 0x01: return on_operand(Operation::add, opcode);
            case 0x08: case 0x09: return on_operand(Operation::bitwise_or, opcode);
            case 0x20: case 0x21: return on_operand(Operation::bitwise_and, opcode);
            case 0x28: case 0x29: return on_operand(Operation::subtract, opcode);
            case 0x30: case 0x31: return on_operand(Operation::bitwise_xor, opcode);
            case 0x80: case 0x81: case 0x83: return immediate_arithmetic(opcode);
            case 0x86: case 0x87: return on_operand(Operation::exchange, opcode);
            case 0x88: case 0x89: return on_operand(Operation::move, opcode);
            case 0xc6: case 0xc7:
                on_operand(Operation::move, opcode);
                take_immediate(it_.width == 8 ? 4 : it_.width);
                return (it_.reg & 7) == 0;
            case 0xa4: case 0xa5: return string(Operation::move_string, opcode);
            case 0xaa: case 0xab: return string(Operation::store_string, opcode);
            case 0x6c: case 0x6d: return string_port(Operation::in_string, opcode);
            case 0x6e: case 0x6f: return string_port(Operation::out_string, opcode);
            case 0xe4: case 0xe5: return port(Operation::in, opcode, true);
            case 0xe6: case 0xe7: return port(Operation::out, opcode, true);
            case 0xec: case 0xed: return port(Operation::in, opcode, false);
            case 0xee: case 0xef: return port(Operation::out, opcode, false);
            case 0xcd:
                it_.immediate = bytes_.take(1);
                return becomes(Operation::software_interrupt);
            case 0xf4: return becomes(Operation::halt);
            case 0xfa: return becomes(Operation::clear_interrupts);
            case 0xfb: return becomes(Operation::set_interrupts);
            // clang-format on
            default: return false;
        }
    }

    // MOV to and from control and debug registers: ModRM always names registers, of 8 bytes.
    bool on_system_register(Operation operation) {
        const auto byte = static_cast<std::uint8_t>(bytes_.take(1));
        it_.width = 8;
        it_.reg = static_cast<std::uint8_t>((byte >> 3 & 7) | prefixes_.reg_high);
        it_.rm = static_cast<std::uint8_t>((byte & 7) | prefixes_.base_high);
        return becomes(operation);
    }

    bool immediate_bit() {
        static constexpr Operation group[4] = {Operation::cpuid, Operation::bit_set, Operation::bit_reset,
                                               Operation::bit_complement};
        on_operand(Operation::move, 1);
        take_immediate(1);
        const unsigned which = it_.reg & 7;
        return which >= 5 && becomes(group[which - 4]);
    }

    bool group_6() {
        on_operand(Operation::move, 1);
        switch (it_.reg & 7) {
            case 0: return becomes(Operation::store_ldt);
            case 1: return becomes(Operation::store_task);
            default: return false;
        }
    }

    bool group_7() {
        const std::uint8_t byte = bytes_.peek();
        if (byte == 0xd1) {
            bytes_.take(1);
            return becomes(Operation::set_extended_control);
        }
        if (byte == 0xf9) {
            bytes_.take(1);
            return becomes(Operation::read_tsc_and_aux);
        }
        on_operand(Operation::move, 1);
        switch (it_.reg & 7) {
            case 0: return it_.in_memory && becomes(Operation::store_gdt);
            case 1: return it_.in_memory && becomes(Operation::store_idt);
            case 4: return becomes(Operation::store_machine_status);
            case 6: it_.width = 2; return becomes(Operation::load_machine_status);
            default: return false;
        }
    }

    bool two_byte(std::uint8_t opcode) {
        switch (opcode) {
            case 0x00: return group_6();
            case 0x01: return group_7();
            case 0x06: return becomes(Operation::clear_task_switched);
            case 0x08: return becomes(Operation::invalidate_caches);
            case 0x09: return becomes(Operation::write_back_caches);
            case 0x20: return on_system_register(Operation::read_control);
            case 0x21: return on_system_register(Operation::read_debug);
            case 0x22: return on_system_register(Operation::write_control);
            case 0x23: return on_system_register(Operation::write_debug);
            case 0x30: return becomes(Operation::write_msr);
            case 0x31: return becomes(Operation::read_tsc);
            case 0x32: return becomes(Operation::read_msr);
            case 0x33: return becomes(Operation::read_counter);
            case 0xa2: return becomes(Operation::cpuid);
            case 0xab: return on_operand(Operation::bit_set, opcode);
            case 0xb0:
            case 0xb1: return on_operand(Operation::compare_exchange, opcode);
            case 0xb3: return on_operand(Operation::bit_reset, opcode);
            case 0xba: return immediate_bit();
            case 0xbb: return on_operand(Operation::bit_complement, opcode);
            case 0xc0:
            case 0xc1: return on_operand(Operation::exchange_add, opcode);
            case 0xc3: return on_operand(Operation::move, opcode) && it_.in_memory;   // MOVNTI
            default: return false;
        }
    }

    Bytes bytes_;
    Prefixes prefixes_;
    Instruction it_;
};

}  // namespace

std::optional<Instruction> decode(std::span<const std::uint8_t> bytes) { return Decoder(bytes).run(); }

std::uint64_t& general_register(Registers& registers, unsigned number) {
    static constexpr std::uint64_t Registers::* order[16] = {
        &Registers::rax, &Registers::rcx, &Registers::rdx, &Registers::rbx, &Registers::rsp, &Registers::rbp,
        &Registers::rsi, &Registers::rdi, &Registers::r8,  &Registers::r9,  &Registers::r10, &Registers::r11,
        &Registers::r12, &Registers::r13, &Registers::r14, &Registers::r15};
    return registers.*order[number & 15];
}

namespace {

bool is_high_byte(const Instruction& instruction, unsigned number) {
    return instruction.width == 1 && instruction.old_byte_registers && number >= 4 && number < 8;
}

}  // namespace

std::uint64_t read_register(Registers& registers, const Instruction& instruction, unsigned number) {
    if (is_high_byte(instruction, number)) return general_register(registers, number - 4) >> 8 & 0xff;
    return general_register(registers, number) & mask_of(instruction.width);
}

void write_register(Registers& registers, const Instruction& instruction, unsigned number, std::uint64_t value) {
    if (is_high_byte(instruction, number)) {
        std::uint64_t& whole = general_register(registers, number - 4);
        whole = (whole & ~std::uint64_t{0xff00}) | (value & 0xff) << 8;
        return;
    }
    std::uint64_t& whole = general_register(registers, number);
    const std::uint64_t mask = mask_of(instruction.width);
    whole = instruction.width >= 4 ? value & mask : (whole & ~mask) | (value & mask);
}

std::uint64_t address_of(const Instruction& instruction, const Registers& registers, SegmentBases bases) {
    const MemoryOperand& memory = instruction.memory;
    auto& all = const_cast<Registers&>(registers);
    auto offset = static_cast<std::uint64_t>(memory.displacement);
    if (memory.base == MemoryOperand::instruction_pointer)
        offset += registers.rip + instruction.length;
    else if (memory.base != MemoryOperand::none)
        offset += general_register(all, memory.base);
    if (memory.index != MemoryOperand::none) offset += general_register(all, memory.index) << memory.shift;
    if (is_bit(instruction.operation) && !instruction.has_immediate) {
        const unsigned unused = 64 - instruction.width * 8u;
        const auto number = static_cast<std::int64_t>(read_register(all, instruction, instruction.reg) << unused) >> unused;
        const std::int64_t bits = instruction.width * 8;
        offset += static_cast<std::uint64_t>((number & ~(bits - 1)) / 8);
    }
    if (memory.narrow) offset &= 0xffff'ffff;
    switch (memory.segment) {
        case Segment::fs: return offset + bases.fs;
        case Segment::gs: return offset + bases.gs;
        case Segment::flat: break;
    }
    return offset;
}

}  // namespace basalt::instructions
