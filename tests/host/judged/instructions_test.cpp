// All opcodes, with every ModRM byte and what stands before: not by chance, as the fuzz program has it.
#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <vector>

#include "judged/judge.hpp"

namespace basalt::instructions::judged {
namespace {

using Code = std::vector<std::uint8_t>;

const std::vector<Code>& beginnings() {
    static const std::vector<Code> all{
        {},           {0x66},       {0x67},       {0x66, 0x67}, {0xf3},       {0xf2},       {0xf0},       {0x2e},
        {0x64},       {0x65, 0x67}, {0x36, 0x66}, {0x40},       {0x41},       {0x42},       {0x44},       {0x48},
        {0x4f},       {0x66, 0x48}, {0x67, 0x4f}, {0xf3, 0x48}, {0x64, 0x48}, {0x48, 0x66}, {0x44, 0x40}, {0x66, 0xf3},
        {0xf2, 0xf3}, {0xf0, 0x4f}, {0xf0, 0x66}, {0xf3, 0x41}, {0x66, 0x41}, {0x26, 0x67}, {0x3e, 0x65}, {0x65, 0x3e}};
    return all;
}

bool is_a_prefix(unsigned opcode, Mode mode) {
    const bool is_rex = mode == Mode::bits_64 && (opcode & 0xf0) == 0x40;
    return is_rex || opcode == 0x26 || opcode == 0x2e || opcode == 0x36 || opcode == 0x3e ||
           (opcode >= 0x64 && opcode <= 0x67) || opcode == 0xf0 || opcode == 0xf2 || opcode == 0xf3;
}

// Calls `act` with each beginning, opcode, ModRM and SIB byte, in each mode.
template <typename Act>
void for_each_code(Act act) {
    constexpr std::array<std::uint8_t, 6> scaled{0x00, 0x24, 0x25, 0x4d, 0x9b, 0xe5};
    for (const auto& beginning : beginnings())
        for (const bool two_bytes : {false, true})
            for (unsigned opcode = 0; opcode < 0x100; ++opcode)
                for (unsigned operand = 0; operand < 0x100; ++operand)
                    for (const auto sib : scaled) {
                        Code code = beginning;
                        if (two_bytes) code.push_back(0x0f);
                        for (const unsigned byte : {opcode, operand, unsigned{sib}})
                            code.push_back(static_cast<std::uint8_t>(byte));
                        for (std::uint8_t rest = 0x81; code.size() < longest_instruction; rest += 0x13) code.push_back(rest);
                        for (const auto mode : {Mode::bits_16, Mode::bits_32, Mode::bits_64})
                            act(code, mode, two_bytes, opcode, operand);
                        if ((operand & 7) != 4) break;   // no SIB byte: once is enough
                    }
}

// Operations of ours in forms that nobody needs: they touch no memory, or are spelled in another way.
bool is_left_out(bool two_bytes, unsigned opcode, unsigned operand) {
    const auto within = [&](unsigned first, unsigned last) { return opcode >= first && opcode <= last; };
    if (two_bytes) return opcode == 0x10 || opcode == 0x11;                  // MOVSD of XMM registers has a string's name
    if (opcode == 0x0f) return true;                                         // with another after it: above
    if (opcode < 0x40) return (opcode & 7) == 4 || (opcode & 7) == 5;        // accumulator and immediate
    if (opcode == 0xf6 || opcode == 0xf7) return (operand >> 3 & 7) == 1;    // TEST a second time
    return opcode == 0x63 || opcode == 0x82 || opcode == 0x8c || opcode == 0x8e || within(0x90, 0x97) || within(0xa8, 0xa9) ||
           within(0xb0, 0xbf);
}

TEST(judged, what_is_ours_is_not_refused) {
    std::uint64_t refusals = 0;
    for_each_code([&](const Code& code, Mode mode, bool two_bytes, unsigned opcode, unsigned operand) {
        if (is_left_out(two_bytes, opcode, operand) || is_a_prefix(opcode, mode)) return;
        const std::string refused = judged::refused(code, mode);
        if (!refused.empty() && ++refusals < 20) ADD_FAILURE() << refused;
    });
    EXPECT_EQ(refusals, 0u);
}

TEST(judged, every_opcode_with_every_operand) {
    std::uint64_t different = 0;
    std::set<unsigned> told;
    for_each_code([&](const Code& code, Mode mode, bool two_bytes, unsigned opcode, unsigned) {
        const std::string difference = judged::difference(code, mode);
        if (difference.empty()) return;
        ++different;
        if (told.insert(opcode | (two_bytes ? 0x100 : 0)).second) ADD_FAILURE() << difference;
    });
    EXPECT_EQ(different, 0u);
}

}  // namespace
}  // namespace basalt::instructions::judged
