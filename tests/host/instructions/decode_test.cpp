#include "instructions/decode.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <random>
#include <vector>

namespace basalt::instructions {
namespace {

using Code = std::vector<std::uint8_t>;

Instruction decoded(const Code& code) {
    const auto instruction = decode(code);
    EXPECT_TRUE(instruction.has_value());
    if (!instruction) return {};
    EXPECT_EQ(instruction->length, code.size());
    return *instruction;
}

TEST(decode, stores_of_registers_and_immediates) {
    const auto store = decoded({0x48, 0x89, 0x07});   // mov %rax, (%rdi)
    EXPECT_EQ(store.operation, Operation::move);
    EXPECT_EQ(store.width, 8);
    EXPECT_EQ(store.reg, 0);
    EXPECT_TRUE(store.in_memory);
    EXPECT_EQ(store.memory.base, 7);

    const auto immediate = decoded({0x48, 0xc7, 0x03, 0xff, 0xff, 0xff, 0xff});   // movq $-1, (%rbx)
    EXPECT_EQ(immediate.immediate, ~std::uint64_t{0});
    EXPECT_TRUE(immediate.has_immediate);

    const auto narrow = decoded({0x66, 0xc7, 0x03, 0x34, 0x12});                  // movw $0x1234, (%rbx)
    EXPECT_EQ(narrow.width, 2);
    EXPECT_EQ(narrow.immediate, 0x1234u);
}

TEST(decode, what_linux_stores_page_table_entries_with) {
    EXPECT_EQ(decoded({0xf0, 0x80, 0x20, 0xfd}).operation, Operation::bitwise_and);         // lock andb $0xfd, (%rax)
    EXPECT_TRUE(decoded({0xf0, 0x80, 0x20, 0xfd}).locked);
    EXPECT_EQ(decoded({0xf0, 0x80, 0x20, 0xfd}).width, 1);
    EXPECT_EQ(decoded({0x48, 0x87, 0x03}).operation, Operation::exchange);                  // xchg %rax, (%rbx)
    EXPECT_EQ(decoded({0xf0, 0x48, 0x0f, 0xb1, 0x0b}).operation, Operation::compare_exchange);
    const auto bit = decoded({0xf0, 0x48, 0x0f, 0xba, 0x33, 0x05});                         // lock btrq $5, (%rbx)
    EXPECT_EQ(bit.operation, Operation::bit_reset);
    EXPECT_EQ(bit.immediate, 5u);
    EXPECT_EQ(decoded({0xf3, 0x48, 0xab}).operation, Operation::store_string);
    EXPECT_TRUE(decoded({0xf3, 0x48, 0xab}).repeated);
    EXPECT_EQ(decoded({0x48, 0x0f, 0xc3, 0x07}).operation, Operation::move);                // movnti %rax, (%rdi)
}

TEST(decode, privileged_instructions) {
    const auto control = decoded({0x0f, 0x20, 0xd8});   // mov %cr3, %rax
    EXPECT_EQ(control.operation, Operation::read_control);
    EXPECT_EQ(control.reg, 3);
    EXPECT_EQ(control.rm, 0);
    EXPECT_EQ(decoded({0x41, 0x0f, 0x22, 0xe7}).rm, 15);   // mov %r15, %cr4
    EXPECT_EQ(decoded({0x0f, 0x23, 0xf9}).operation, Operation::write_debug);
    EXPECT_EQ(decoded({0x0f, 0x06}).operation, Operation::clear_task_switched);
    EXPECT_EQ(decoded({0x0f, 0x30}).operation, Operation::write_msr);
    EXPECT_EQ(decoded({0x0f, 0x32}).operation, Operation::read_msr);
    EXPECT_EQ(decoded({0x0f, 0x01, 0xd1}).operation, Operation::set_extended_control);
    EXPECT_EQ(decoded({0x0f, 0x01, 0xf9}).operation, Operation::read_tsc_and_aux);
    EXPECT_EQ(decoded({0x0f, 0x01, 0xe0}).operation, Operation::store_machine_status);
    EXPECT_EQ(decoded({0x0f, 0x01, 0x07}).operation, Operation::store_gdt);
    EXPECT_EQ(decoded({0x0f, 0x01, 0x0f}).operation, Operation::store_idt);
    EXPECT_EQ(decoded({0x0f, 0x00, 0xc0}).operation, Operation::store_ldt);
    EXPECT_EQ(decoded({0x66, 0x0f, 0x00, 0xc8}).operation, Operation::store_task);
    EXPECT_EQ(decoded({0x66, 0x0f, 0x00, 0xc8}).width, 2);
    EXPECT_FALSE(decode(Code{0x0f, 0x01, 0xc1}).has_value());   // vmcall, not sgdt
    EXPECT_FALSE(decode(Code{0x0f, 0x00, 0xd0}).has_value());   // lldt
    EXPECT_FALSE(decode(Code{0x0f, 0x01, 0x3f}).has_value());   // invlpg: refused, there is a call for it
    EXPECT_FALSE(decode(Code{0x0f, 0x01, 0x17}).has_value());   // lgdt
}

TEST(decode, ports) {
    EXPECT_EQ(decoded({0xec}).width, 1);
    EXPECT_EQ(decoded({0x66, 0xef}).width, 2);
    EXPECT_EQ(decoded({0xed}).width, 4);
    EXPECT_EQ(decoded({0x48, 0xed}).width, 4);   // REX.W does not widen a port
    EXPECT_EQ(decoded({0xe4, 0x71}).immediate, 0x71u);
    EXPECT_EQ(decoded({0xe7, 0xf1}).immediate, 0xf1u);   // not sign-extended
    EXPECT_EQ(decoded({0xf3, 0x6d}).operation, Operation::in_string);
    EXPECT_EQ(decoded({0xf3, 0x6e}).operation, Operation::out_string);
}

Registers some_registers() {
    Registers registers{};
    for (unsigned number = 0; number < 16; ++number) general_register(registers, number) = 0x1000u * (number + 1);
    registers.rip = 0x40'0000;
    return registers;
}

TEST(decode, addresses) {
    const Registers registers = some_registers();
    const auto address = [&](const Code& code) { return address_of(decoded(code), registers, {0xf000'0000, 0xa000'0000}); };
    EXPECT_EQ(address({0x48, 0x89, 0x03}), 0x4000u);                                 // (%rbx)
    EXPECT_EQ(address({0x48, 0x89, 0x43, 0xf8}), 0x4000u - 8);                       // -8(%rbx)
    EXPECT_EQ(address({0x48, 0x89, 0x04, 0xcb}), 0x4000u + 8 * 0x2000);              // (%rbx,%rcx,8)
    EXPECT_EQ(address({0x48, 0x89, 0x04, 0x24}), 0x5000u);                           // (%rsp)
    EXPECT_EQ(address({0x49, 0x89, 0x45, 0x10}), 0xe000u + 0x10);                    // 0x10(%r13)
    EXPECT_EQ(address({0x4a, 0x89, 0x04, 0x25, 0, 1, 0, 0}), 0xd000u + 0x100);       // 0x100(,%r12,1)
    EXPECT_EQ(address({0x48, 0x89, 0x04, 0x25, 0, 1, 0, 0}), 0x100u);                // 0x100
    EXPECT_EQ(address({0x48, 0x89, 0x05, 0x10, 0, 0, 0}), 0x40'0000u + 7 + 0x10);    // 0x10(%rip)
    EXPECT_EQ(address({0x48, 0xc7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0}), 0x40'0000u + 11); // RIP of the next instruction
    EXPECT_EQ(address({0x65, 0x48, 0x89, 0x04, 0x25, 8, 0, 0, 0}), 0xa000'0008u);    // %gs:8
    EXPECT_EQ(address({0x67, 0x48, 0x89, 0x03}), 0x4000u);
    EXPECT_EQ(address({0x48, 0xab}), 0x8000u);                                       // stosq: (%rdi)
}

TEST(decode, a_bit_number_in_a_register_counts_from_the_operand) {
    Registers registers = some_registers();
    const auto instruction = decoded({0xf0, 0x48, 0x0f, 0xb3, 0x03});   // lock btrq %rax, (%rbx)
    registers.rax = 65;
    EXPECT_EQ(address_of(instruction, registers, {}), 0x4000u + 8);
    registers.rax = static_cast<std::uint64_t>(-1);
    EXPECT_EQ(address_of(instruction, registers, {}), 0x4000u - 8);
    registers.rax = 63;
    EXPECT_EQ(address_of(instruction, registers, {}), 0x4000u);
}

TEST(decode, byte_registers) {
    Registers registers{};
    registers.rax = 0x1122'3344'5566'7788;
    const auto high = decoded({0x88, 0x27});         // mov %ah, (%rdi)
    EXPECT_EQ(read_register(registers, high, high.reg), 0x77u);
    const auto low = decoded({0x40, 0x88, 0x27});    // mov %spl, (%rdi)
    registers.rsp = 0xabcd;
    EXPECT_EQ(read_register(registers, low, low.reg), 0xcdu);
    write_register(registers, high, high.reg, 0x99);
    EXPECT_EQ(registers.rax, 0x1122'3344'5566'9988u);
}

TEST(decode, widths_of_results) {
    Registers registers{};
    Instruction instruction;
    registers.rax = ~std::uint64_t{0};
    instruction.width = 2;
    write_register(registers, instruction, 0, 0x1234);
    EXPECT_EQ(registers.rax, 0xffff'ffff'ffff'1234u);
    instruction.width = 4;
    write_register(registers, instruction, 0, 0x5678);
    EXPECT_EQ(registers.rax, 0x5678u);
}

TEST(decode, too_few_bytes_or_too_many_prefixes_are_nothing) {
    const Code whole{0xf0, 0x48, 0x81, 0x8c, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8};   // lock orq $imm, disp(%rbx,%rcx,8)
    ASSERT_TRUE(decode(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode(std::span(whole).first(size)).has_value()) << size;
    Code prefixed(15, 0x2e);
    prefixed.push_back(0xf4);
    EXPECT_FALSE(decode(prefixed).has_value());
}

// Whatever the guest's memory holds: no byte beyond what was given is looked at (AddressSanitizer watches).
TEST(decode, any_bytes) {
    std::mt19937 random(1);
    for (int round = 0; round < 200'000; ++round) {
        Code code(random() % 16);
        for (auto& byte : code) byte = static_cast<std::uint8_t>(random());
        Registers registers = some_registers();
        if (const auto instruction = decode(code)) {
            EXPECT_LE(instruction->length, code.size());
            static_cast<void>(address_of(*instruction, registers, {}));
        }
    }
}

}  // namespace
}  // namespace basalt::instructions
