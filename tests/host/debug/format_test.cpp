#include "debug/format.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "debug/ring.hpp"

namespace basalt {
namespace {

template <typename... Kinds>
std::string formatted(Format<std::type_identity_t<Kinds>...> format, const Kinds&... values) {
    char text[64];
    const std::array<Argument, sizeof...(Kinds)> arguments{argument_of(values)...};
    return {text, format_into(text, format.text, arguments)};
}

TEST(format, numbers) {
    EXPECT_EQ(formatted("{}", 0), "0");
    EXPECT_EQ(formatted("{}", -12), "-12");
    EXPECT_EQ(formatted("{}", std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(formatted("{}", std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
    EXPECT_EQ(formatted("{x}", std::uint8_t{0xab}), "ab");
    EXPECT_EQ(formatted("{x16}", 0xfeedu), "000000000000feed");
    EXPECT_EQ(formatted("{3}", 7), "007");
    EXPECT_EQ(formatted("{x2}", 0x12345), "12345");
}

TEST(format, kinds) {
    EXPECT_EQ(formatted("{} of {}", Mfn(17), "nine"), "17 of nine");
    EXPECT_EQ(formatted("{}{}", 'a', std::string_view("bc")), "abc");
    EXPECT_EQ(formatted("{}, {}", true, false), "yes, no");
}

TEST(format, text_that_does_not_fit_is_cut) {
    char text[5];
    const std::array arguments{argument_of(123456)};
    EXPECT_EQ(std::string(text, format_into(text, "{}", arguments)), "12345");
}

// Checked while compiling; at run time text from elsewhere must not lead astray.
TEST(format, braces_that_are_no_placeholder_are_text) {
    char text[32];
    const std::array arguments{argument_of(1)};
    EXPECT_EQ(std::string(text, format_into(text, "{y} {", arguments)), "{y} {");
    EXPECT_EQ(std::string(text, format_into(text, "{} {}", arguments)), "1 {}");
}

std::string read(const Ring& ring, std::uint32_t position, std::size_t most, std::uint32_t& next) {
    std::string text(most, '\0');
    const auto read = ring.read(position, text);
    next = read.next;
    return text.substr(0, read.copied);
}

TEST(ring, reads_on_where_it_left_off) {
    std::array<char, 8> room;
    Ring ring(room);
    std::uint32_t next = 0;
    ring.write("abcdef");
    EXPECT_EQ(read(ring, 0, 4, next), "abcd");
    EXPECT_EQ(read(ring, next, 4, next), "ef");
    EXPECT_EQ(read(ring, next, 4, next), "");
    ring.write("gh");
    EXPECT_EQ(read(ring, next, 4, next), "gh");
}

TEST(ring, keeps_the_newest) {
    std::array<char, 8> room;
    Ring ring(room);
    std::uint32_t next = 0;
    ring.write("0123456789");
    EXPECT_EQ(read(ring, 0, 16, next), "23456789");
    EXPECT_EQ(next, 10u);
    EXPECT_EQ(read(ring, 99, 16, next), "23456789");   // nobody was ever there
}

TEST(ring, moves_with_all_there_is_and_keeps_its_positions) {
    std::array<char, 8> room;
    std::array<char, 16> larger;
    Ring ring(room);
    std::uint32_t next = 0;
    ring.write("0123456789");
    EXPECT_EQ(read(ring, 0, 4, next), "2345");
    ring.move_to(larger);
    ring.write("abcdefgh");
    EXPECT_EQ(read(ring, next, 16, next), "6789abcdefgh");
    EXPECT_EQ(read(ring, 0, 16, next), "23456789abcdefgh");
}

TEST(ring, what_is_forgotten_is_not_read_again) {
    std::array<char, 8> room;
    Ring ring(room);
    std::uint32_t next = 0;
    ring.write("abc");
    ring.forget_before(2);
    EXPECT_EQ(read(ring, 0, 8, next), "c");
    ring.forget_before(99);              // nobody was ever there
    ring.forget_before(next);
    EXPECT_EQ(read(ring, 0, 8, next), "");
    ring.write("d");
    EXPECT_EQ(read(ring, next, 8, next), "d");
}

}  // namespace
}  // namespace basalt
