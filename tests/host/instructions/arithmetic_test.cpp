// The host's own processor says what is right.
#include "instructions/arithmetic.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace basalt::instructions {
namespace {

constexpr std::uint64_t compared_flags = 0x8d5 & ~0x10;   // all but AF, which the logical ones leave undefined

struct Result {
    std::uint64_t destination, flags, accumulator;
};

// With the carry flag as it is before.
template <typename Word>
Result on_processor(Operation operation, bool carry, std::uint64_t destination, std::uint64_t source,
                    std::uint64_t accumulator) {
    auto d = static_cast<Word>(destination);
    auto s = static_cast<Word>(source);
    auto a = static_cast<Word>(accumulator);
    std::uint64_t flags = carry;
    switch (operation) {
        // clang-format off: a table
        case Operation::add: asm("add %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::subtract: asm("sub %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::add_with_carry: asm("bt $0, %1; adc %2, %0; pushf; pop %1" : "+r"(d), "+r"(flags) : "r"(s) : "cc"); break;
        case Operation::subtract_with_borrow: asm("bt $0, %1; sbb %2, %0; pushf; pop %1" : "+r"(d), "+r"(flags) : "r"(s) : "cc"); break;
        case Operation::bitwise_or: asm("or %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::bitwise_and: asm("and %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::bitwise_xor: asm("xor %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::compare: asm("cmp %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::test: asm("test %2, %0; pushf; pop %1" : "+r"(d), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::compare_exchange: asm("cmpxchg %3, %0; pushf; pop %1" : "+r"(d), "=r"(flags), "+a"(a) : "r"(s) : "cc"); break;
        // clang-format on
        default: ADD_FAILURE();
    }
    return {d, flags, a};
}

Result on_processor(Operation operation, unsigned width, bool carry, std::uint64_t destination, std::uint64_t source,
                    std::uint64_t accumulator) {
    switch (width) {
        case 1: return on_processor<std::uint8_t>(operation, carry, destination, source, accumulator);
        case 2: return on_processor<std::uint16_t>(operation, carry, destination, source, accumulator);
        case 4: return on_processor<std::uint32_t>(operation, carry, destination, source, accumulator);
        default: return on_processor<std::uint64_t>(operation, carry, destination, source, accumulator);
    }
}

Instruction between(Operation operation, unsigned width, unsigned reg) {
    Instruction instruction;
    instruction.operation = operation;
    instruction.width = instruction.result_width = static_cast<std::uint8_t>(width);
    instruction.reg = static_cast<std::uint8_t>(reg);
    instruction.in_memory = true;
    return instruction;
}

void compare_with_processor(Operation operation, unsigned width, bool into_register, std::mt19937_64& random) {
    const auto word = [&] { return random() % 4 == 0 ? random() % 4 - 2 : random(); };
    for (int round = 0; round < 2000; ++round) {
        Instruction instruction = between(operation, width, 1);
        instruction.into_register = into_register;
        Registers registers{};
        registers.rcx = word();
        registers.rflags = random() & 1;
        const std::uint64_t memory = word() & mask_of(width);
        const std::uint64_t in_register = registers.rcx & mask_of(width);
        registers.rax = round % 3 == 0 ? memory : word();
        const std::uint64_t accumulator = registers.rax & mask_of(width);
        const Effect effect = effect_of(instruction, registers, memory);
        const Result real = on_processor(operation, width, registers.rflags != 0, into_register ? in_register : memory,
                                         into_register ? memory : in_register, accumulator);
        ASSERT_EQ(effect.flags & compared_flags, real.flags & compared_flags);
        ASSERT_EQ(effect.stored, into_register ? memory : real.destination);
        if (into_register)
            ASSERT_EQ(effect.register_changes ? effect.register_value : in_register, real.destination);
        else if (effect.register_changes)
            ASSERT_EQ(effect.register_value, real.accumulator);
        else
            ASSERT_EQ(accumulator, real.accumulator);
    }
}

TEST(arithmetic, does_what_the_processor_does) {
    std::mt19937_64 random(2);
    for (const auto operation : {Operation::add, Operation::add_with_carry, Operation::subtract,
                                 Operation::subtract_with_borrow, Operation::bitwise_or, Operation::bitwise_and,
                                 Operation::bitwise_xor, Operation::compare, Operation::test, Operation::compare_exchange})
        for (const unsigned width : {1u, 2u, 4u, 8u})
            for (const bool into_register : {false, true})
                if (!into_register || operation != Operation::compare_exchange)
                    compare_with_processor(operation, width, into_register, random);
}

TEST(arithmetic, moves_into_registers) {
    Registers registers{};
    Instruction load = between(Operation::move, 4, 3);
    load.into_register = true;
    const auto loaded = effect_of(load, registers, 0x8765'4321);
    EXPECT_TRUE(loaded.register_changes);
    EXPECT_EQ(loaded.register_number, 3u);
    EXPECT_EQ(loaded.register_value, 0x8765'4321u);
    EXPECT_EQ(loaded.stored, 0x8765'4321u);

    load.width = 1;
    load.result_width = 4;
    load.operation = Operation::move_sign_extended;
    EXPECT_EQ(effect_of(load, registers, 0x80).register_value, 0xffff'ff80u);
    load.operation = Operation::move_zero_extended;
    EXPECT_EQ(effect_of(load, registers, 0x80).register_value, 0x80u);
}

TEST(arithmetic, bits) {
    Instruction instruction = between(Operation::bit_reset, 8, 0);
    instruction.has_immediate = true;
    instruction.immediate = 64 + 5;   // modulo the width
    Registers registers{};
    registers.rflags = 0x246;
    const auto was_set = effect_of(instruction, registers, 0xff);
    EXPECT_EQ(was_set.stored, 0xdfu);
    EXPECT_EQ(was_set.flags, 0x247u);
    const auto was_clear = effect_of(instruction, registers, 0);
    EXPECT_EQ(was_clear.flags, 0x246u);
    instruction.operation = Operation::bit_complement;
    EXPECT_EQ(effect_of(instruction, registers, 0).stored, 0x20u);
    instruction.operation = Operation::bit_set;
    EXPECT_EQ(effect_of(instruction, registers, 0).stored, 0x20u);
    instruction.operation = Operation::bit_test;
    EXPECT_EQ(effect_of(instruction, registers, 0xff).stored, 0xffu);
    EXPECT_EQ(effect_of(instruction, registers, 0xff).flags, 0x247u);
}

TEST(arithmetic, exchanges) {
    Instruction instruction = between(Operation::exchange, 4, 3);
    Registers registers{};
    registers.rbx = 0xffff'ffff'1234'5678;
    const auto effect = effect_of(instruction, registers, 0x9abc);
    EXPECT_EQ(effect.stored, 0x1234'5678u);
    EXPECT_TRUE(effect.register_changes);
    EXPECT_EQ(effect.register_number, 3u);
    EXPECT_EQ(effect.register_value, 0x9abcu);
    instruction.operation = Operation::exchange_add;
    EXPECT_EQ(effect_of(instruction, registers, 1).stored, 0x1234'5679u);
}

}  // namespace
}  // namespace basalt::instructions
