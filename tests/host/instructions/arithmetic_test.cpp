// The host's own processor says what is right.
#include "instructions/arithmetic.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace basalt::instructions {
namespace {

constexpr std::uint64_t compared_flags = 0x8d5 & ~0x10;   // all but AF, which the logical ones leave undefined

struct Result {
    std::uint64_t memory, flags, accumulator;
};

template <typename Word>
Result on_processor(Operation operation, std::uint64_t memory, std::uint64_t source, std::uint64_t accumulator) {
    auto m = static_cast<Word>(memory);
    auto s = static_cast<Word>(source);
    auto a = static_cast<Word>(accumulator);
    std::uint64_t flags = 0;
    switch (operation) {
        case Operation::add: asm("add %2, %0; pushf; pop %1" : "+r"(m), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::subtract: asm("sub %2, %0; pushf; pop %1" : "+r"(m), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::bitwise_or: asm("or %2, %0; pushf; pop %1" : "+r"(m), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::bitwise_and: asm("and %2, %0; pushf; pop %1" : "+r"(m), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::bitwise_xor: asm("xor %2, %0; pushf; pop %1" : "+r"(m), "=r"(flags) : "r"(s) : "cc"); break;
        case Operation::compare_exchange:
            asm("cmpxchg %3, %0; pushf; pop %1" : "+r"(m), "=r"(flags), "+a"(a) : "r"(s) : "cc");
            break;
        default: ADD_FAILURE();
    }
    return {m, flags, a};
}

Result on_processor(Operation operation, unsigned width, std::uint64_t memory, std::uint64_t source,
                    std::uint64_t accumulator) {
    switch (width) {
        case 1: return on_processor<std::uint8_t>(operation, memory, source, accumulator);
        case 2: return on_processor<std::uint16_t>(operation, memory, source, accumulator);
        case 4: return on_processor<std::uint32_t>(operation, memory, source, accumulator);
        default: return on_processor<std::uint64_t>(operation, memory, source, accumulator);
    }
}

TEST(arithmetic, does_what_the_processor_does) {
    std::mt19937_64 random(2);
    const auto word = [&] { return random() % 4 == 0 ? random() % 4 - 2 : random(); };
    for (const auto operation : {Operation::add, Operation::subtract, Operation::bitwise_or, Operation::bitwise_and,
                                 Operation::bitwise_xor, Operation::compare_exchange})
        for (const unsigned width : {1u, 2u, 4u, 8u})
            for (int round = 0; round < 2000; ++round) {
                Instruction instruction;
                instruction.operation = operation;
                instruction.width = static_cast<std::uint8_t>(width);
                instruction.reg = 1;
                Registers registers{};
                registers.rcx = word();
                const std::uint64_t memory = word() & mask_of(width);
                registers.rax = round % 3 == 0 ? memory : word();
                const std::uint64_t accumulator = registers.rax & mask_of(width);
                const Effect effect = effect_of(instruction, registers, memory);
                const Result real = on_processor(operation, width, memory, registers.rcx, accumulator);
                ASSERT_EQ(effect.stored, real.memory);
                ASSERT_EQ(effect.flags & compared_flags, real.flags & compared_flags);
                if (effect.register_changes)
                    ASSERT_EQ(effect.register_value, real.accumulator);
                else
                    ASSERT_EQ(accumulator, real.accumulator);
            }
}

TEST(arithmetic, bits) {
    Instruction instruction;
    instruction.operation = Operation::bit_reset;
    instruction.width = 8;
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
}

TEST(arithmetic, exchanges) {
    Instruction instruction;
    instruction.operation = Operation::exchange;
    instruction.width = 4;
    instruction.reg = 3;
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
