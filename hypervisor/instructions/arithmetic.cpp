#include "instructions/arithmetic.hpp"

#include <bit>

#include "instructions/operands.hpp"

namespace basalt::instructions {
namespace {

constexpr std::uint64_t carry = 1 << 0, parity = 1 << 2, adjust = 1 << 4, zero = 1 << 6, sign = 1 << 7, overflow = 1 << 11;
constexpr std::uint64_t arithmetic_flags = carry | parity | adjust | zero | sign | overflow;

struct Width {
    std::uint64_t mask;
    std::uint64_t top;
    explicit Width(unsigned bytes) : mask(mask_of(bytes)), top(std::uint64_t{1} << (bytes * 8 - 1)) {}
};

std::uint64_t result_flags(std::uint64_t result, Width width) {
    std::uint64_t flags = 0;
    if ((result & width.mask) == 0) flags |= zero;
    if ((result & width.top) != 0) flags |= sign;
    if (std::popcount(result & 0xff) % 2 == 0) flags |= parity;
    return flags;
}

std::uint64_t sum_flags(std::uint64_t one, std::uint64_t other, bool carried, Width width) {
    const std::uint64_t sum = (one + other + carried) & width.mask;
    std::uint64_t flags = result_flags(sum, width);
    if (sum < one || (carried && sum == one)) flags |= carry;
    if (((one ^ sum) & (other ^ sum) & width.top) != 0) flags |= overflow;
    if (((one ^ other ^ sum) & 0x10) != 0) flags |= adjust;
    return flags;
}

std::uint64_t difference_flags(std::uint64_t one, std::uint64_t other, bool borrowed, Width width) {
    const std::uint64_t difference = (one - other - borrowed) & width.mask;
    std::uint64_t flags = result_flags(difference, width);
    if (one < other || (borrowed && one == other)) flags |= carry;
    if (((one ^ other) & (one ^ difference) & width.top) != 0) flags |= overflow;
    if (((one ^ other ^ difference) & 0x10) != 0) flags |= adjust;
    return flags;
}

std::uint64_t sign_extended(std::uint64_t value, unsigned width) {
    const unsigned unused = 64 - width * 8;
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << unused) >> unused);
}

// Of the register or the immediate.
std::uint64_t other_operand(const Instruction& instruction, const Registers& registers, Width width) {
    const std::uint64_t whole =
        instruction.has_immediate ? instruction.immediate : read_register(registers, instruction, instruction.reg);
    return whole & width.mask;
}

// What an instruction has to work with, and what becomes of it.
class Working {
public:
    Working(const Instruction& instruction, const Registers& registers, std::uint64_t found)
        : instruction_(instruction), registers_(registers), width_(instruction.width), found_(found),
          other_(other_operand(instruction, registers, width_)) {
        effect_.stored = found;
        effect_.flags = registers.rflags;
    }

    Effect done() {
        const std::uint64_t destination = instruction_.into_register ? other_ : found_;
        const std::uint64_t source = instruction_.into_register ? found_ : other_;
        work(destination, source);
        return effect_;
    }

private:
    void becomes(std::uint64_t value) {
        if (instruction_.into_register) return gives(instruction_.reg, value & mask_of(instruction_.result_width));
        effect_.stored = value & width_.mask;
    }
    void gives(unsigned number, std::uint64_t value) {
        effect_.register_changes = true;
        effect_.register_number = number;
        effect_.register_value = value;
    }
    void flags(std::uint64_t now) { effect_.flags = (registers_.rflags & ~arithmetic_flags) | now; }
    bool carried() const { return (registers_.rflags & carry) != 0; }

    void logical(std::uint64_t value) {
        becomes(value);
        flags(result_flags(value & width_.mask, width_));
    }
    void add(std::uint64_t one, std::uint64_t other, bool with) {
        becomes(one + other + with);
        flags(sum_flags(one, other, with, width_));
    }
    void subtract(std::uint64_t one, std::uint64_t other, bool with) {
        becomes(one - other - with);
        flags(difference_flags(one, other, with, width_));
    }
    std::uint64_t bit() const { return std::uint64_t{1} << (other_ & (instruction_.width * 8 - 1)); }
    void on_bit(std::uint64_t value) {
        effect_.stored = value;
        effect_.flags = (registers_.rflags & ~carry) | ((found_ & bit()) != 0 ? carry : 0);
    }
    void compare_exchange() {
        const std::uint64_t expected = read_register(registers_, instruction_, 0);
        flags(difference_flags(expected, found_, false, width_));
        if (expected != found_) return gives(0, found_);
        effect_.stored = other_;
    }

    void work(std::uint64_t destination, std::uint64_t source) {
        switch (instruction_.operation) {
            case Operation::move:
            case Operation::move_zero_extended:
            case Operation::store_string:      // RAX is register 0
            case Operation::move_string: return becomes(source);
            case Operation::move_sign_extended: return becomes(sign_extended(source, instruction_.width));
            case Operation::exchange: becomes(source); return gives(instruction_.reg, found_);
            case Operation::compare_exchange: return compare_exchange();
            case Operation::exchange_add: gives(instruction_.reg, found_); return add(found_, source, false);
            case Operation::add: return add(destination, source, false);
            case Operation::add_with_carry: return add(destination, source, carried());
            case Operation::subtract: return subtract(destination, source, false);
            case Operation::subtract_with_borrow: return subtract(destination, source, carried());
            case Operation::bitwise_and: return logical(destination & source);
            case Operation::bitwise_or: return logical(destination | source);
            case Operation::bitwise_xor: return logical(destination ^ source);
            case Operation::compare: return flags(difference_flags(destination, source, false, width_));
            case Operation::test: return flags(result_flags(destination & source, width_));
            case Operation::bit_test: return on_bit(found_);
            case Operation::bit_set: return on_bit(found_ | bit());
            case Operation::bit_reset: return on_bit(found_ & ~bit());
            case Operation::bit_complement: return on_bit(found_ ^ bit());
            default: return;
        }
    }

    const Instruction& instruction_;
    const Registers& registers_;
    Width width_;
    std::uint64_t found_;
    std::uint64_t other_;
    Effect effect_;
};

}  // namespace

Effect effect_of(const Instruction& instruction, const Registers& registers, std::uint64_t found) {
    return Working(instruction, registers, found).done();
}

}  // namespace basalt::instructions
