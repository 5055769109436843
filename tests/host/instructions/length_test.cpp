#include "instructions/length.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "instructions/code.hpp"

namespace basalt::instructions {
namespace {

constexpr std::array modes{Mode::bits_16, Mode::bits_32, Mode::bits_64};

// As they stand in a guest: with more behind them.
std::optional<unsigned> length(Operation expected, Code code, Mode mode = Mode::bits_64) {
    code.resize(longest_instruction, 0x90);
    return length_of(expected, code, mode);
}

const std::vector<std::pair<Operation, Code>>& intercepted() {
    // clang-format off: a table
    static const std::vector<std::pair<Operation, Code>> all{
        {Operation::cpuid, {0x0f, 0xa2}}, {Operation::read_msr, {0x0f, 0x32}}, {Operation::write_msr, {0x0f, 0x30}},
        {Operation::vmmcall, {0x0f, 0x01, 0xd9}}, {Operation::vmcall, {0x0f, 0x01, 0xc1}}, {Operation::halt, {0xf4}},
        {Operation::pause, {0xf3, 0x90}}, {Operation::in, {0xec}}, {Operation::out, {0xee}},
        {Operation::read_tsc, {0x0f, 0x31}}, {Operation::read_tsc_and_aux, {0x0f, 0x01, 0xf9}},
        {Operation::read_counter, {0x0f, 0x33}}, {Operation::set_extended_control, {0x0f, 0x01, 0xd1}},
        {Operation::write_back_caches, {0x0f, 0x09}}, {Operation::invalidate_caches, {0x0f, 0x08}},
        {Operation::clear_task_switched, {0x0f, 0x06}}, {Operation::monitor, {0x0f, 0x01, 0xc8}},
        {Operation::monitor_wait, {0x0f, 0x01, 0xc9}}, {Operation::interrupt_return, {0xcf}}, {Operation::breakpoint, {0xcc}},
        {Operation::in, {0xe5, 0x42}}, {Operation::out, {0xe6, 0x80}}, {Operation::in, {0xed}},
        {Operation::software_interrupt, {0xcd, 0x80}}, {Operation::read_control, {0x0f, 0x20, 0xc0}},
        {Operation::write_debug, {0x0f, 0x23, 0xf8}}, {Operation::invalidate_page, {0x0f, 0x01, 0x78, 0x10}},
        {Operation::load_machine_status, {0x0f, 0x01, 0xf0}}, {Operation::in_string, {0xf3, 0x6c}},
    };
    // clang-format on
    return all;
}

TEST(length, of_what_is_intercepted) {
    for (const auto& [operation, code] : intercepted())
        for (const auto mode : modes) {
            EXPECT_EQ(length(operation, code, mode), code.size()) << unsigned{code.back()};
            EXPECT_EQ(length_of(operation, code, mode), code.size()) << "at the end of what can be read";
        }
}

TEST(length, counts_prefixes) {
    for (const auto& [operation, code] : intercepted())
        for (const std::uint8_t prefix : {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67}) {
            Code prefixed = code;
            prefixed.insert(prefixed.begin(), {prefix, prefix});
            if (operation == Operation::invalidate_page) continue;   // other addresses have other lengths
            for (const auto mode : modes)
                EXPECT_EQ(length(operation, prefixed, mode), prefixed.size()) << unsigned{code.back()};
        }
    EXPECT_EQ(length(Operation::cpuid, {0x48, 0x0f, 0xa2}), 3u);
    EXPECT_EQ(length(Operation::cpuid, {0x66, 0xf3, 0x41, 0x0f, 0xa2}), 5u);
    EXPECT_EQ(length(Operation::cpuid, {0x48, 0x66, 0x0f, 0xa2}), 4u);   // REX that does not count
    EXPECT_EQ(length(Operation::cpuid, {0x48, 0x0f, 0xa2}, Mode::bits_32), std::nullopt);
    Code longest(13, 0x3e);
    longest.insert(longest.end(), {0x0f, 0xa2});
    EXPECT_EQ(length(Operation::cpuid, longest), 15u);
    longest.insert(longest.begin(), 0x3e);
    EXPECT_EQ(length_of(Operation::cpuid, longest, Mode::bits_64), std::nullopt);
}

// Another vcpu has written there, or had written there and has put it back.
TEST(length, is_of_what_was_executed_alone) {
    for (const auto& [expected, ignored] : intercepted())
        for (const auto& [found, code] : intercepted())
            if (found != expected)
                for (const auto mode : modes) EXPECT_EQ(length(expected, code, mode), std::nullopt);
    EXPECT_EQ(length(Operation::cpuid, {0x0f, 0xa3}), std::nullopt);
    EXPECT_EQ(length(Operation::cpuid, {0x0f, 0x0b}), std::nullopt);
    EXPECT_EQ(length(Operation::cpuid, {0xf0, 0x0f, 0xa2}), std::nullopt);   // LOCK makes it none
    EXPECT_EQ(length(Operation::pause, {0x90}), std::nullopt);
    EXPECT_EQ(length_of(Operation::cpuid, Code{0x0f}, Mode::bits_64), std::nullopt);
    EXPECT_EQ(length_of(Operation::cpuid, {}, Mode::bits_64), std::nullopt);
}

}  // namespace
}  // namespace basalt::instructions
