// The hypervisor's own memcpy and its like, under other names beside the host's, which says what is right.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

extern "C" {
void* our_memcpy(void*, const void*, std::size_t);
void* our_memmove(void*, const void*, std::size_t);
void* our_memset(void*, int, std::size_t);
int our_memcmp(const void*, const void*, std::size_t);
void* our_memchr(const void*, int, std::size_t);
std::size_t our_strlen(const char*);
int our_strcmp(const char*, const char*);
int our_strncmp(const char*, const char*, std::size_t);
char* our_strchr(const char*, int);
}

namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::size_t longest = 200;    // every path: bytes, words, string instructions and what they leave over

Bytes counting(std::size_t size) {
    Bytes bytes(size);
    std::iota(bytes.begin(), bytes.end(), static_cast<unsigned char>(1));
    return bytes;
}

int sign(int value) { return (value > 0) - (value < 0); }

}    // namespace

TEST(Memory, copies_every_length_and_nothing_more) {
    for (std::size_t size = 0; size <= longest; ++size) {
        const auto from = counting(size);
        Bytes to(size + 2, 0xee);
        EXPECT_EQ(our_memcpy(to.data() + 1, from.data(), size), to.data() + 1);
        EXPECT_TRUE(std::equal(from.begin(), from.end(), to.begin() + 1)) << size;
        EXPECT_EQ(to.front(), 0xee);
        EXPECT_EQ(to.back(), 0xee);
    }
}

TEST(Memory, moves_between_overlapping_ranges) {
    for (std::size_t size = 0; size <= longest; ++size) {
        for (std::size_t from = 0; from <= 80; from += size < 40 ? 1 : 7) {
            for (std::size_t to = 0; to <= 80; to += size < 40 ? 1 : 3) {
                auto ours = counting(size + 80), theirs = ours;
                our_memmove(ours.data() + to, ours.data() + from, size);
                std::memmove(theirs.data() + to, theirs.data() + from, size);
                ASSERT_EQ(ours, theirs) << size << " bytes from " << from << " to " << to;
            }
        }
    }
}

TEST(Memory, sets_every_length_and_nothing_more) {
    for (std::size_t size = 0; size <= longest; ++size) {
        Bytes bytes(size + 2, 0xee);
        our_memset(bytes.data() + 1, 0x1a5, size);
        EXPECT_EQ(bytes.front(), 0xee);
        EXPECT_EQ(bytes.back(), 0xee);
        EXPECT_EQ(std::count(bytes.begin(), bytes.end(), 0xa5), static_cast<std::ptrdiff_t>(size));
    }
}

TEST(Memory, compares_as_unsigned_bytes_at_every_place) {
    for (std::size_t size = 1; size <= 40; ++size) {
        const auto left = counting(size);
        EXPECT_EQ(our_memcmp(left.data(), left.data(), size), 0);
        for (std::size_t at = 0; at < size; ++at) {
            auto right = left;
            right[at] = 0xff;
            right.back() = at + 1 == size ? 0xff : 0;    // later bytes do not matter
            EXPECT_LT(our_memcmp(left.data(), right.data(), size), 0);
            EXPECT_GT(our_memcmp(right.data(), left.data(), size), 0);
        }
    }
}

TEST(Memory, finds_the_first_byte_or_nothing) {
    const std::array<unsigned char, 5> bytes{3, 200, 7, 200, 9};
    EXPECT_EQ(our_memchr(bytes.data(), 200, 5), &bytes[1]);
    EXPECT_EQ(our_memchr(bytes.data(), 9, 4), nullptr);
}

TEST(Strings, agree_with_the_host) {
    const std::array texts{"", "a", "b", "ab", "abc", "abd", "\xff", "a\xff"};
    for (const auto* left : texts) {
        EXPECT_EQ(our_strlen(left), std::strlen(left));
        EXPECT_EQ(our_strchr(left, 'b'), std::strchr(left, 'b'));
        EXPECT_EQ(our_strchr(left, 0), std::strchr(left, 0));
        for (const auto* right : texts) {
            EXPECT_EQ(sign(our_strcmp(left, right)), sign(std::strcmp(left, right)));
            EXPECT_EQ(sign(our_strncmp(left, right, 2)), sign(std::strncmp(left, right, 2)));
        }
    }
}
