#include "instructions/decode.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "instructions/arithmetic.hpp"
#include "instructions/code.hpp"
#include "instructions/operands.hpp"

namespace basalt::instructions {
namespace {

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
    EXPECT_EQ(decoded({0x0f, 0x01, 0xc1}).operation, Operation::vmcall);         // not sgdt
    EXPECT_FALSE(decode(Code{0x0f, 0x00, 0xd0}, Mode::bits_64).has_value());   // lldt
    EXPECT_EQ(decoded({0x0f, 0x01, 0x3f}).operation, Operation::invalidate_page);
    EXPECT_FALSE(decode(Code{0x0f, 0x01, 0x17}, Mode::bits_64).has_value());   // lgdt
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

TEST(decode, too_few_bytes_or_too_many_prefixes_are_nothing) {
    const Code whole{0xf0, 0x48, 0x81, 0x8c, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8};   // lock orq $imm, disp(%rbx,%rcx,8)
    ASSERT_TRUE(decode(whole, Mode::bits_64).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(decode(std::span(whole).first(size), Mode::bits_64).has_value()) << size;
    Code prefixed(15, 0x2e);
    prefixed.push_back(0xf4);
    EXPECT_FALSE(decode(prefixed, Mode::bits_64).has_value());
}

TEST(decode, loads) {
    const auto load = decoded({0x8b, 0x43, 0x10}, Mode::bits_32);   // mov 0x10(%ebx), %eax
    EXPECT_EQ(load.operation, Operation::move);
    EXPECT_TRUE(load.into_register);
    EXPECT_TRUE(loads_word(load));
    EXPECT_FALSE(stores_word(load));
    EXPECT_EQ(load.width, 4);
    EXPECT_EQ(load.memory.base, 3);
    EXPECT_EQ(load.memory.width, 4);
    EXPECT_EQ(load.memory.displacement, 0x10);

    const auto extended = decoded({0x48, 0x0f, 0xb7, 0x0e});        // movzwq (%rsi), %rcx
    EXPECT_EQ(extended.operation, Operation::move_zero_extended);
    EXPECT_EQ(extended.width, 2);
    EXPECT_EQ(extended.result_width, 8);
    EXPECT_EQ(extended.reg, 1);
    EXPECT_EQ(decoded({0x48, 0x63, 0x0e}).operation, Operation::move_sign_extended);   // movslq (%rsi), %rcx

    const auto absolute = decoded({0xa1, 0x30, 0, 0xe0, 0xfe}, Mode::bits_32);         // mov 0xfee00030, %eax
    EXPECT_TRUE(absolute.into_register);
    EXPECT_EQ(absolute.memory.base, MemoryOperand::none);
    EXPECT_EQ(absolute.memory.displacement, 0xfee0'0030);
    EXPECT_EQ(decoded({0xa3, 1, 2, 3, 4, 5, 6, 7, 8}).memory.displacement, 0x0807'0605'0403'0201);
    EXPECT_TRUE(stores_word(decoded({0xa2, 1, 2}, Mode::bits_16)));
}

TEST(decode, what_stores_and_what_only_looks) {
    const auto looks = [&](const Code& code) { return loads_word(decoded(code)) && !stores_word(decoded(code)); };
    const auto changes = [&](const Code& code) { return loads_word(decoded(code)) && stores_word(decoded(code)); };
    EXPECT_TRUE(looks({0x39, 0x03}));               // cmp %eax, (%rbx)
    EXPECT_TRUE(looks({0x80, 0x3b, 1}));            // cmpb $1, (%rbx)
    EXPECT_TRUE(looks({0x85, 0x03}));               // test %eax, (%rbx)
    EXPECT_TRUE(looks({0xf6, 0x03, 1}));            // testb $1, (%rbx)
    EXPECT_TRUE(looks({0x0f, 0xa3, 0x03}));         // bt %eax, (%rbx)
    EXPECT_TRUE(looks({0x03, 0x03}));               // add (%rbx), %eax
    EXPECT_TRUE(changes({0x01, 0x03}));             // add %eax, (%rbx)
    EXPECT_TRUE(changes({0x11, 0x03}));             // adc %eax, (%rbx)
    EXPECT_TRUE(changes({0x83, 0x1b, 1}));          // sbbl $1, (%rbx)
    EXPECT_TRUE(changes({0x87, 0x03}));             // xchg %eax, (%rbx)
    EXPECT_FALSE(loads_word(decoded({0x89, 0x03})));
    EXPECT_FALSE(stores_word(decoded({0x89, 0xc3})));   // mov %eax, %ebx
}

// SDM 2A, LOCK: with anything else it is no instruction.
TEST(decode, only_what_reads_and_writes_memory_is_locked) {
    EXPECT_TRUE(decoded({0xf0, 0x01, 0x03}).locked);
    for (const Code& code : {Code{0xf0, 0x89, 0x03},
                             {0xf0, 0x03, 0x03},
                             {0xf0, 0x01, 0xc3},
                             {0xf0, 0x39, 0x03},
                             {0xf0, 0xf4},
                             {0xf0, 0x0f, 0xa2},
                             {0xf0, 0x0f, 0x22, 0xc0},
                             {0xf0, 0xa4},
                             {0xf0, 0xec},
                             {0xf0, 0x0f, 0xa3, 0x03}})
        EXPECT_FALSE(decode(code, Mode::bits_64).has_value());
}

TEST(decode, widths_by_mode) {
    const auto width = [&](const Code& code, Mode mode) { return unsigned{decoded(code, mode).width}; };
    EXPECT_EQ(width({0x89, 0x07}, Mode::bits_16), 2u);
    EXPECT_EQ(width({0x66, 0x89, 0x07}, Mode::bits_16), 4u);
    EXPECT_EQ(width({0x89, 0x07}, Mode::bits_32), 4u);
    EXPECT_EQ(width({0x66, 0x89, 0x07}, Mode::bits_32), 2u);
    EXPECT_EQ(width({0xed}, Mode::bits_16), 2u);
    EXPECT_EQ(width({0x66, 0xed}, Mode::bits_16), 4u);
    EXPECT_EQ(width({0x66, 0x48, 0xed}, Mode::bits_64), 4u);          // REX.W is stronger
    EXPECT_EQ(width({0x66, 0x0f, 0x20, 0xc0}, Mode::bits_32), 4u);    // control registers have one width
    EXPECT_EQ(decoded({0x67, 0xf3, 0x6d}, Mode::bits_16).memory.width, 4);   // rep insw to ES:EDI
    EXPECT_EQ(decoded({0x67, 0x89, 0x07}, Mode::bits_32).memory.width, 2);
    EXPECT_EQ(decoded({0x66, 0x81, 0x38, 1, 2}, Mode::bits_32).immediate, 0x0201u);   // cmpw $0x201, (%eax)
    EXPECT_FALSE(decode(Code{0x48, 0x89, 0x07}, Mode::bits_32).has_value());          // dec %eax, which is none of ours
}

TEST(decode, segments) {
    const auto segment = [&](const Code& code, Mode mode) { return decoded(code, mode).memory.segment; };
    EXPECT_EQ(segment({0x89, 0x03}, Mode::bits_32), Segment::ds);
    EXPECT_EQ(segment({0x89, 0x45, 0}, Mode::bits_32), Segment::ss);          // 0(%ebp)
    EXPECT_EQ(segment({0x89, 0x04, 0x24}, Mode::bits_32), Segment::ss);       // (%esp)
    EXPECT_EQ(segment({0x89, 0x02}, Mode::bits_16), Segment::ss);             // (%bp,%si)
    EXPECT_EQ(segment({0x26, 0x89, 0x45, 0}, Mode::bits_32), Segment::es);
    EXPECT_EQ(segment({0x2e, 0x64, 0x89, 0x03}, Mode::bits_32), Segment::fs);
    EXPECT_EQ(segment({0x2e, 0x89, 0x03}, Mode::bits_64), Segment::ds);       // nothing in 64-bit code
    EXPECT_EQ(segment({0x65, 0x2e, 0x89, 0x03}, Mode::bits_64), Segment::gs);
    EXPECT_EQ(segment({0x64, 0xaa}, Mode::bits_32), Segment::es);             // the destination of a string
    EXPECT_EQ(segment({0x64, 0x6e}, Mode::bits_32), Segment::fs);             // outsb, which takes from there
    EXPECT_EQ(decoded({0x64, 0xa4}, Mode::bits_32).source_segment, Segment::fs);
}

TEST(decode, rex_counts_before_the_opcode_alone) {
    EXPECT_EQ(decoded({0x48, 0x66, 0x89, 0x07}).width, 2);
    EXPECT_EQ(decoded({0x4f, 0x48, 0x89, 0x07}).memory.base, 7);
}

// Whatever the guest's memory holds: no byte beyond what was given is looked at (AddressSanitizer watches).
TEST(decode, any_bytes) {
    std::mt19937 random(1);
    for (int round = 0; round < 200'000; ++round) {
        Code code(random() % 16);
        for (auto& byte : code) byte = static_cast<std::uint8_t>(random());
        Registers registers{};
        for (const auto mode : {Mode::bits_16, Mode::bits_32, Mode::bits_64})
            if (const auto instruction = decode(code, mode)) {
                EXPECT_LE(instruction->length, code.size());
                static_cast<void>(offset_of(*instruction, registers));
                if (is_word_operation(instruction->operation)) static_cast<void>(effect_of(*instruction, registers, 0));
            }
    }
}

}  // namespace
}  // namespace basalt::instructions
