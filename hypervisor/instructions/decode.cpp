#include "instructions/decode.hpp"

#include "instructions/bytes.hpp"
#include "instructions/prefixes.hpp"

namespace basalt::instructions {
namespace {

constexpr std::uint8_t bx = 3, sp = 4, bp = 5, si = 6, di = 7;

constexpr Segment usual_segment(std::uint8_t base) { return base == sp || base == bp ? Segment::ss : Segment::ds; }

// LOCK is for what reads a word of memory and writes it. SDM 2A, LOCK.
constexpr bool may_be_locked(const Instruction& it) { return stores_word(it) && loads_word(it); }

class Decoder {
public:
    Decoder(std::span<const std::uint8_t> bytes, Mode mode) : bytes_(bytes), prefixes_(bytes_, mode) {}

    std::optional<Instruction> run() {
        const std::uint8_t opcode = bytes_.next();
        const bool known = opcode == 0x0f ? two_byte(bytes_.next()) : one_byte(opcode);
        if (!known || bytes_.short_of_bytes()) return std::nullopt;
        it_.locked = prefixes_.locked();
        if (it_.locked && !may_be_locked(it_)) return std::nullopt;
        it_.length = bytes_.position();
        it_.old_byte_registers = !prefixes_.rex();
        if (it_.result_width == 0) it_.result_width = it_.width;
        return it_;
    }

private:
    bool is_64_bit() const { return prefixes_.mode() == Mode::bits_64; }

    bool becomes(Operation operation) {
        it_.operation = operation;
        return true;
    }

    // Even opcodes of a pair work on bytes, odd ones on the operand's width.
    std::uint8_t width_by(std::uint8_t opcode) const { return (opcode & 1) == 0 ? std::uint8_t{1} : prefixes_.operand_width(); }

    bool on_operand(Operation operation, std::uint8_t opcode) {
        it_.width = width_by(opcode);
        take_operand();
        return becomes(operation);
    }

    bool into_register(Operation operation, std::uint8_t opcode) {
        it_.into_register = true;
        return on_operand(operation, opcode);
    }

    void take_immediate(unsigned size) {
        it_.has_immediate = true;
        it_.immediate = static_cast<std::uint64_t>(bytes_.take_signed(size));
    }
    void take_immediate_of_width() { take_immediate(it_.width == 8 ? 4 : it_.width); }

    void take_operand() {
        const std::uint8_t byte = bytes_.next();
        const unsigned mode = byte >> 6;
        const std::uint8_t low = byte & 7;
        it_.reg = static_cast<std::uint8_t>((byte >> 3 & 7) | prefixes_.reg_high());
        it_.in_memory = mode != 3;
        if (!it_.in_memory) {
            it_.rm = static_cast<std::uint8_t>(low | prefixes_.base_high());
            return;
        }
        it_.memory.width = prefixes_.address_width();
        if (it_.memory.width == 2)
            take_address_of_16_bits(mode, low);
        else
            take_address(mode, low);
        it_.memory.segment = prefixes_.segment().value_or(usual_segment(it_.memory.base));
    }

    // SDM 2A table 2-2, and 2.2.1.6: what has no base is relative to RIP in 64-bit code.
    void take_address(unsigned mode, std::uint8_t low) {
        bool no_base = mode == 0 && low == 5;
        if (!no_base)
            it_.memory.base = static_cast<std::uint8_t>(low | prefixes_.base_high());
        else if (is_64_bit())
            it_.memory.base = MemoryOperand::instruction_pointer;
        if (low == 4) no_base = take_scaled_index(mode);
        if (mode == 1) it_.memory.displacement = bytes_.take_signed(1);
        if (mode == 2 || no_base) it_.memory.displacement = bytes_.take_signed(4);
    }

    // The SIB byte. True if there is no base, but a displacement of 4 bytes.
    bool take_scaled_index(unsigned mode) {
        const std::uint8_t byte = bytes_.next();
        const auto index = static_cast<std::uint8_t>((byte >> 3 & 7) | prefixes_.index_high());
        if (index != 4) it_.memory.index = index;
        it_.memory.shift = byte >> 6;
        const bool no_base = (byte & 7) == 5 && mode == 0;
        it_.memory.base = no_base ? MemoryOperand::none : static_cast<std::uint8_t>((byte & 7) | prefixes_.base_high());
        return no_base;
    }

    // SDM 2A table 2-1.
    void take_address_of_16_bits(unsigned mode, std::uint8_t low) {
        static constexpr std::uint8_t bases[8] = {bx, bx, bp, bp, si, di, bp, bx};
        static constexpr std::uint8_t indices[4] = {si, di, si, di};
        const bool no_base = mode == 0 && low == 6;
        if (!no_base) it_.memory.base = bases[low];
        if (low < 4) it_.memory.index = indices[low];
        if (mode == 1) it_.memory.displacement = bytes_.take_signed(1);
        if (mode == 2 || no_base) it_.memory.displacement = bytes_.take_signed(2);
    }

    // Between the accumulator and an address that stands in the code.
    bool on_offset(std::uint8_t opcode) {
        it_.width = width_by(opcode);
        it_.in_memory = true;
        it_.into_register = opcode < 0xa2;
        it_.memory.width = prefixes_.address_width();
        it_.memory.segment = prefixes_.segment().value_or(Segment::ds);
        it_.memory.displacement = static_cast<std::int64_t>(bytes_.take(it_.memory.width));
        return becomes(Operation::move);
    }

    // To ES:rDI, whatever the prefixes say.
    bool to_string(Operation operation, std::uint8_t width) {
        it_.width = width;
        it_.repeated = prefixes_.repeated();
        it_.in_memory = true;
        it_.source_segment = prefixes_.segment().value_or(Segment::ds);
        it_.memory = {.base = di, .width = prefixes_.address_width(), .segment = Segment::es};
        return becomes(operation);
    }

    bool from_string(Operation operation, std::uint8_t width) {
        to_string(operation, width);
        it_.memory.base = si;
        it_.memory.segment = it_.source_segment;
        return true;
    }

    std::uint8_t port_width(std::uint8_t opcode) const {
        return (opcode & 1) == 0 ? std::uint8_t{1} : prefixes_.no_wider_than_4();
    }

    bool port(Operation operation, std::uint8_t opcode) {
        constexpr std::uint8_t first_by_dx = 0xec;
        it_.width = port_width(opcode);
        it_.has_immediate = opcode < first_by_dx;
        if (it_.has_immediate) it_.immediate = bytes_.take(1);
        return becomes(operation);
    }

    // 00 to 3b: each row of eight begins with operand by register, and register by operand.
    bool arithmetic(std::uint8_t opcode) {
        const Operation operation = arithmetic_group[opcode >> 3];
        switch (opcode & 7) {
            case 0:
            case 1: return on_operand(operation, opcode);
            case 2:
            case 3: return into_register(operation, opcode);
            default: return false;   // with the accumulator and no memory, or none of these
        }
    }

    bool immediate_arithmetic(std::uint8_t opcode) {
        on_operand(Operation::move, opcode);
        if (opcode == 0x83)
            take_immediate(1);
        else
            take_immediate_of_width();
        return becomes(arithmetic_group[it_.reg & 7]);
    }

    // The first of a group that is nothing else of ours.
    bool immediate_first(Operation operation, std::uint8_t opcode) {
        on_operand(operation, opcode);
        take_immediate_of_width();
        return (it_.reg & 7) == 0;
    }

    bool one_byte(std::uint8_t opcode) {
        if (opcode < 0x40) return arithmetic(opcode);
        switch (opcode) {
            // clang-format off: a table
            case 0x63: return prefixes_.wide() && extended(Operation::move_sign_extended, 4);   // MOVSXD
            case 0x6c: case 0x6d: return to_string(Operation::in_string, port_width(opcode));
            case 0x6e: case 0x6f: return from_string(Operation::out_string, port_width(opcode));
            case 0x80: case 0x81: case 0x83: return immediate_arithmetic(opcode);
            case 0x84: case 0x85: return on_operand(Operation::test, opcode);
            case 0x86: case 0x87: return on_operand(Operation::exchange, opcode);
            case 0x88: case 0x89: return on_operand(Operation::move, opcode);
            case 0x8a: case 0x8b: return into_register(Operation::move, opcode);
            case 0x90: return prefixes_.is_f3() && becomes(Operation::pause);
            case 0xa0: case 0xa1: case 0xa2: case 0xa3: return on_offset(opcode);
            case 0xa4: case 0xa5: return to_string(Operation::move_string, width_by(opcode));
            case 0xaa: case 0xab: return to_string(Operation::store_string, width_by(opcode));
            case 0xc6: case 0xc7: return immediate_first(Operation::move, opcode);
            case 0xcc: return becomes(Operation::breakpoint);
            case 0xcd: it_.immediate = bytes_.take(1); return becomes(Operation::software_interrupt);
            case 0xce: return !is_64_bit() && becomes(Operation::interrupt_on_overflow);
            case 0xcf: it_.width = prefixes_.operand_width(); return becomes(Operation::interrupt_return);
            case 0xe4: case 0xe5: case 0xec: case 0xed: return port(Operation::in, opcode);
            case 0xe6: case 0xe7: case 0xee: case 0xef: return port(Operation::out, opcode);
            case 0xf4: return becomes(Operation::halt);
            case 0xf6: case 0xf7: return immediate_first(Operation::test, opcode);
            case 0xfa: return becomes(Operation::clear_interrupts);
            case 0xfb: return becomes(Operation::set_interrupts);
            // clang-format on
            default: return false;
        }
    }

    bool extended(Operation operation, std::uint8_t width) {
        it_.into_register = true;
        take_operand();
        it_.width = width;
        it_.result_width = prefixes_.operand_width();
        return becomes(operation);
    }

    // MOV to and from control and debug registers: ModRM always names registers. Others do not exist.
    bool on_system_register(Operation operation, unsigned existing) {
        const std::uint8_t byte = bytes_.next();
        it_.width = is_64_bit() ? 8 : 4;
        it_.reg = static_cast<std::uint8_t>((byte >> 3 & 7) | prefixes_.reg_high());
        it_.rm = static_cast<std::uint8_t>((byte & 7) | prefixes_.base_high());
        return (existing >> it_.reg & 1) != 0 && becomes(operation);
    }

    bool immediate_bit(std::uint8_t opcode) {
        static constexpr Operation group[4] = {Operation::bit_test, Operation::bit_set, Operation::bit_reset,
                                               Operation::bit_complement};
        on_operand(Operation::move, opcode | 1);
        take_immediate(1);
        const unsigned which = it_.reg & 7;
        return which >= 4 && becomes(group[which - 4]);
    }

    // A word of 2 bytes, where it is in memory.
    bool store_selector(Operation operation) {
        if (it_.in_memory) it_.width = 2;
        return becomes(operation);
    }

    bool group_6() {
        on_operand(Operation::move, 1);
        switch (it_.reg & 7) {
            case 0: return store_selector(Operation::store_ldt);
            case 1: return store_selector(Operation::store_task);
            default: return false;
        }
    }

    // Names a register, and means something else by it.
    bool without_operand(std::uint8_t byte) {
        bytes_.next();
        if (byte == 0xd9) return becomes(Operation::vmmcall);   // with F2 or F3 VMGEXIT, to whoever does not know it
        if (byte == 0xf9) return becomes(Operation::read_tsc_and_aux);
        if (prefixes_.any_of_66_f2_f3()) return false;          // another instruction, or none
        switch (byte) {
            case 0xc1: return becomes(Operation::vmcall);
            case 0xc8: return becomes(Operation::monitor);
            case 0xc9: return becomes(Operation::monitor_wait);
            case 0xd1: return becomes(Operation::set_extended_control);
            default: return false;
        }
    }

    bool store_table_pointer(Operation operation) {
        it_.width = is_64_bit() ? 10 : 6;
        return becomes(operation);
    }

    bool group_7() {
        const std::uint8_t byte = bytes_.peek();
        const unsigned which = byte >> 3 & 7;
        if (byte >= 0xc0 && which != 4 && which != 6) return without_operand(byte);
        on_operand(Operation::move, 1);
        switch (which) {
            case 0: return store_table_pointer(Operation::store_gdt);
            case 1: return store_table_pointer(Operation::store_idt);
            case 4: return store_selector(Operation::store_machine_status);
            case 6: it_.width = 2; return becomes(Operation::load_machine_status);
            case 7: it_.width = 1; return becomes(Operation::invalidate_page);
            default: return false;
        }
    }

    bool two_byte(std::uint8_t opcode) {
        constexpr unsigned control_registers = 0x11d, debug_registers = 0xff;
        switch (opcode) {
            // clang-format off: a table
            case 0x00: return group_6();
            case 0x01: return group_7();
            case 0x06: return becomes(Operation::clear_task_switched);
            case 0x08: return becomes(Operation::invalidate_caches);
            case 0x09: return becomes(Operation::write_back_caches);   // with F3 WBNOINVD, for which it will do
            case 0x20: return on_system_register(Operation::read_control, control_registers);
            case 0x21: return on_system_register(Operation::read_debug, debug_registers);
            case 0x22: return on_system_register(Operation::write_control, control_registers);
            case 0x23: return on_system_register(Operation::write_debug, debug_registers);
            case 0x30: return becomes(Operation::write_msr);
            case 0x31: return becomes(Operation::read_tsc);
            case 0x32: return becomes(Operation::read_msr);
            case 0x33: return becomes(Operation::read_counter);
            case 0xa2: return becomes(Operation::cpuid);
            case 0xa3: return on_operand(Operation::bit_test, opcode);
            case 0xab: return on_operand(Operation::bit_set, opcode);
            case 0xb0: case 0xb1: return on_operand(Operation::compare_exchange, opcode);
            case 0xb3: return on_operand(Operation::bit_reset, opcode);
            case 0xb6: case 0xb7: return extended(Operation::move_zero_extended, opcode == 0xb6 ? 1 : 2);
            case 0xba: return immediate_bit(opcode);
            case 0xbb: return on_operand(Operation::bit_complement, opcode);
            case 0xbe: case 0xbf: return extended(Operation::move_sign_extended, opcode == 0xbe ? 1 : 2);
            case 0xc0: case 0xc1: return on_operand(Operation::exchange_add, opcode);
            case 0xc3: return store_past_caches();
            // clang-format on
            default: return false;
        }
    }

    // MOVNTI, which has no form of 2 bytes.
    bool store_past_caches() {
        on_operand(Operation::move, 1);
        it_.width = prefixes_.wide() ? 8 : 4;
        return it_.in_memory && !prefixes_.any_of_66_f2_f3();
    }

    static constexpr Operation arithmetic_group[8] = {
        Operation::add,         Operation::bitwise_or, Operation::add_with_carry, Operation::subtract_with_borrow,
        Operation::bitwise_and, Operation::subtract,   Operation::bitwise_xor,    Operation::compare};

    Bytes bytes_;
    Prefixes prefixes_;
    Instruction it_;
};

}  // namespace

std::optional<Instruction> decode(std::span<const std::uint8_t> bytes, Mode mode) { return Decoder(bytes, mode).run(); }

}  // namespace basalt::instructions
