#include "instructions/arithmetic.hpp"

#include <bit>

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

std::uint64_t sum_flags(std::uint64_t one, std::uint64_t other, Width width) {
    const std::uint64_t sum = (one + other) & width.mask;
    std::uint64_t flags = result_flags(sum, width);
    if (sum < one) flags |= carry;
    if (((one ^ sum) & (other ^ sum) & width.top) != 0) flags |= overflow;
    if (((one ^ other ^ sum) & 0x10) != 0) flags |= adjust;
    return flags;
}

std::uint64_t difference_flags(std::uint64_t one, std::uint64_t other, Width width) {
    const std::uint64_t difference = (one - other) & width.mask;
    std::uint64_t flags = result_flags(difference, width);
    if (one < other) flags |= carry;
    if (((one ^ other) & (one ^ difference) & width.top) != 0) flags |= overflow;
    if (((one ^ other ^ difference) & 0x10) != 0) flags |= adjust;
    return flags;
}

std::uint64_t source_of(const Instruction& instruction, Registers& registers, Width width) {
    const std::uint64_t whole =
        instruction.has_immediate ? instruction.immediate : read_register(registers, instruction, instruction.reg);
    return whole & width.mask;
}

}  // namespace

Effect effect_of(const Instruction& instruction, Registers& registers, std::uint64_t found) {
    const Width width(instruction.width);
    const std::uint64_t source = source_of(instruction, registers, width);
    Effect effect;
    effect.flags = registers.rflags;
    const auto becomes = [&](std::uint64_t value) { effect.stored = value & width.mask; };
    const auto flags = [&](std::uint64_t now) { effect.flags = (registers.rflags & ~arithmetic_flags) | now; };
    const auto gives = [&](unsigned number, std::uint64_t value) {
        effect.register_changes = true;
        effect.register_number = number;
        effect.register_value = value;
    };
    const auto logical = [&](std::uint64_t value) {
        becomes(value);
        flags(result_flags(value & width.mask, width));
    };
    const std::uint64_t bit = std::uint64_t{1} << (source & (instruction.width * 8 - 1));
    const auto on_bit = [&](std::uint64_t value) {
        becomes(value);
        effect.flags = (registers.rflags & ~carry) | ((found & bit) != 0 ? carry : 0);
    };

    switch (instruction.operation) {
        case Operation::move:
        case Operation::store_string:      // RAX is register 0
        case Operation::move_string: becomes(source); break;       // has_immediate: the caller has read the source
        case Operation::exchange:
            becomes(source);
            gives(instruction.reg, found);
            break;
        case Operation::compare_exchange: {
            const std::uint64_t expected = read_register(registers, instruction, 0);
            flags(difference_flags(expected, found, width));
            becomes(expected == found ? source : found);
            if (expected != found) gives(0, found);
            break;
        }
        case Operation::exchange_add: gives(instruction.reg, found); [[fallthrough]];
        case Operation::add:
            becomes(found + source);
            flags(sum_flags(found, source, width));
            break;
        case Operation::subtract:
            becomes(found - source);
            flags(difference_flags(found, source, width));
            break;
        case Operation::bitwise_or: logical(found | source); break;
        case Operation::bitwise_and: logical(found & source); break;
        case Operation::bitwise_xor: logical(found ^ source); break;
        case Operation::bit_set: on_bit(found | bit); break;
        case Operation::bit_reset: on_bit(found & ~bit); break;
        case Operation::bit_complement: on_bit(found ^ bit); break;
        default: becomes(found); break;
    }
    return effect;
}

}  // namespace basalt::instructions
