#include "instructions/operands.hpp"

#include <gtest/gtest.h>

#include "instructions/code.hpp"

namespace basalt::instructions {
namespace {

Registers some_registers() {
    Registers registers{};
    for (unsigned number = 0; number < 16; ++number) general_register(registers, number) = 0x1000u * (number + 1);
    registers.rip = 0x40'0000;
    return registers;
}

TEST(operands, offsets) {
    const Registers registers = some_registers();
    const auto offset = [&](const Code& code) { return offset_of(decoded(code), registers); };
    EXPECT_EQ(offset({0x48, 0x89, 0x03}), 0x4000u);                                 // (%rbx)
    EXPECT_EQ(offset({0x48, 0x89, 0x43, 0xf8}), 0x4000u - 8);                       // -8(%rbx)
    EXPECT_EQ(offset({0x48, 0x89, 0x04, 0xcb}), 0x4000u + 8 * 0x2000);              // (%rbx,%rcx,8)
    EXPECT_EQ(offset({0x48, 0x89, 0x04, 0x24}), 0x5000u);                           // (%rsp)
    EXPECT_EQ(offset({0x49, 0x89, 0x45, 0x10}), 0xe000u + 0x10);                    // 0x10(%r13)
    EXPECT_EQ(offset({0x4a, 0x89, 0x04, 0x25, 0, 1, 0, 0}), 0xd000u + 0x100);       // 0x100(,%r12,1)
    EXPECT_EQ(offset({0x48, 0x89, 0x04, 0x25, 0, 1, 0, 0}), 0x100u);                // 0x100
    EXPECT_EQ(offset({0x48, 0x89, 0x05, 0x10, 0, 0, 0}), 0x40'0000u + 7 + 0x10);    // 0x10(%rip)
    EXPECT_EQ(offset({0x48, 0xc7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0}), 0x40'0000u + 11); // RIP of the next instruction
    EXPECT_EQ(offset({0x65, 0x48, 0x89, 0x04, 0x25, 8, 0, 0, 0}), 8u);              // %gs:8
    EXPECT_EQ(offset({0x67, 0x48, 0x89, 0x03}), 0x4000u);
    EXPECT_EQ(offset({0x48, 0xab}), 0x8000u);                                       // stosq: (%rdi)
}

TEST(operands, offsets_are_as_wide_as_addresses) {
    Registers registers = some_registers();
    registers.rbx = 0xffff'ffff'0000'fff0;
    registers.rsi = 0x1'0000'0020;
    EXPECT_EQ(offset_of(decoded({0x89, 0x00}, Mode::bits_16), registers), 0x10u);                 // (%bx,%si)
    EXPECT_EQ(offset_of(decoded({0x67, 0x89, 0x04, 0x33}, Mode::bits_16), registers), 0x1'0010u);  // (%ebx,%esi)
    EXPECT_EQ(offset_of(decoded({0x89, 0x04, 0x33}, Mode::bits_32), registers), 0x1'0010u);
    EXPECT_EQ(offset_of(decoded({0x89, 0x1e, 0xf0, 0xff}, Mode::bits_16), registers), 0xfff0u);    // 0xfff0
    EXPECT_EQ(offset_of(decoded({0x89, 0x05, 0, 0, 0, 0x80}, Mode::bits_32), registers), 0x8000'0000u);
    EXPECT_EQ(offset_of(decoded({0x67, 0x89, 0x43, 0xff}), registers), 0xffefu);                   // -1(%ebx)
    EXPECT_EQ(source_offset_of(decoded({0x67, 0xa4}), registers), 0x20u);
}

TEST(operands, a_bit_number_in_a_register_counts_from_the_operand) {
    Registers registers = some_registers();
    const auto instruction = decoded({0xf0, 0x48, 0x0f, 0xb3, 0x03});   // lock btrq %rax, (%rbx)
    registers.rax = 65;
    EXPECT_EQ(offset_of(instruction, registers), 0x4000u + 8);
    registers.rax = static_cast<std::uint64_t>(-1);
    EXPECT_EQ(offset_of(instruction, registers), 0x4000u - 8);
    registers.rax = 63;
    EXPECT_EQ(offset_of(instruction, registers), 0x4000u);
    registers.rax = 16;
    EXPECT_EQ(offset_of(decoded({0x66, 0x0f, 0xa3, 0x03}), registers), 0x4000u + 2);   // btw %ax, (%rbx)
    EXPECT_EQ(offset_of(decoded({0x0f, 0xba, 0x23, 40}), registers), 0x4000u);         // an immediate does not
}

TEST(operands, byte_registers) {
    Registers registers{};
    registers.rax = 0x1122'3344'5566'7788;
    const auto high = decoded({0x88, 0x27});         // mov %ah, (%rdi)
    EXPECT_EQ(read_register(registers, high, high.reg), 0x77u);
    const auto low = decoded({0x40, 0x88, 0x27});    // mov %spl, (%rdi)
    registers.rsp = 0xabcd;
    EXPECT_EQ(read_register(registers, low, low.reg), 0xcdu);
    write_register(registers, high, high.reg, 0x99);
    EXPECT_EQ(registers.rax, 0x1122'3344'5566'9988u);
    const auto extended = decoded({0x0f, 0xb6, 0x27});   // movzbl (%rdi), %esp: 4 is AH only as a byte
    write_register(registers, extended, extended.reg, 0x42);
    EXPECT_EQ(registers.rsp, 0x42u);
}

TEST(operands, widths_of_results) {
    Registers registers{};
    Instruction instruction;
    registers.rax = ~std::uint64_t{0};
    instruction.result_width = 2;
    write_register(registers, instruction, 0, 0x1234);
    EXPECT_EQ(registers.rax, 0xffff'ffff'ffff'1234u);
    instruction.result_width = 4;
    write_register(registers, instruction, 0, 0x5678);
    EXPECT_EQ(registers.rax, 0x5678u);
}

TEST(operands, strings_step) {
    Registers registers{};
    registers.rsi = 0x1'ffff'fffe;
    registers.rdi = 0x1000;
    registers.rcx = 0x2'0000'0003;
    const auto move = decoded({0xf3, 0x66, 0xa5}, Mode::bits_32);   // rep movsw
    EXPECT_EQ(elements_left(move, registers), 3u);
    step_string(move, registers, 2);
    EXPECT_EQ(registers.rsi, 2u);
    EXPECT_EQ(registers.rdi, 0x1004u);
    EXPECT_EQ(registers.rcx, 1u);

    registers.rflags = rflags::direction;
    const auto fill = decoded({0x48, 0xab});                        // stosq
    EXPECT_EQ(elements_left(fill, registers), 1u);
    step_string(fill, registers, 1);
    EXPECT_EQ(registers.rdi, 0xffcu);
    EXPECT_EQ(registers.rsi, 2u);
    EXPECT_EQ(registers.rcx, 1u);

    registers.rdi = 0xabc'0000;
    step_string(decoded({0x6c}, Mode::bits_16), registers, 1);      // insb: only DI moves
    EXPECT_EQ(registers.rdi, 0xabc'ffffu);
    step_string(decoded({0xf3, 0x6e}), registers, 1);               // rep outsb
    EXPECT_EQ(registers.rsi, 1u);
    EXPECT_EQ(registers.rcx, 0u);
}

}  // namespace
}  // namespace basalt::instructions
