// Bytes of any kind: nothing beyond them is read, which the sanitizer sees, and whether they are a stream is what a second
// reader says.
#include <gtest/gtest.h>

#include <random>

#include "records/streams.hpp"

namespace basalt::records {
namespace {

unsigned word(const Raw& raw, std::size_t at, unsigned bytes) {
    unsigned value = 0;
    for (unsigned index = bytes; index-- > 0;) value = value << 8 | raw[at + index];
    return value;
}

// How many records it has; none: it is no stream.
std::optional<unsigned> records_of(const Raw& raw, unsigned vcpus) {
    constexpr unsigned exact[] = {0, 24, 0, 8, 400, 0, 1024, 16, 8, 8, 56, 24, 1048, 8, 240, 0, 0, 0, 0, 8, 0};
    constexpr unsigned most[] = {0, 0, 1032, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 216, 32, 0, 0};
    if (raw.size() < 32 || word(raw, 0, 2) != 1 || word(raw, 4, 4) != 24) return std::nullopt;
    if (word(raw, 8, 4) != 0x5438'1286 || word(raw, 12, 4) != 1) return std::nullopt;
    unsigned count = 0;
    for (std::size_t at = 32; at + 8 <= raw.size(); ++count) {
        const unsigned code = word(raw, at, 2), instance = word(raw, at + 2, 2), length = word(raw, at + 4, 4);
        if (code == 0) return count;
        const std::size_t body = at + 8;
        if (code == 1 || code > 20 || length > raw.size() - body) return std::nullopt;
        const bool is_of_the_domain = (code >= 3 && code <= 4) || (code >= 7 && code <= 13) || code == 15;
        if (!is_of_the_domain && instance >= vcpus) return std::nullopt;
        if (code == 3 && instance > 1) return std::nullopt;
        if (exact[code] != 0 && length != exact[code]) return std::nullopt;
        if (most[code] != 0 && length > most[code]) return std::nullopt;
        if (code == 16 && length < 600) return std::nullopt;
        if (code == 20) {
            if (length < 24 || (length - 8) % 16 != 0 || (length - 8) / 16 != word(raw, body, 4)) return std::nullopt;
            for (std::size_t msr = body + 8; msr < body + length; msr += 16)
                if (word(raw, msr + 4, 4) != 0) return std::nullopt;
        }
        at = body + length;
    }
    return std::nullopt;
}

class Fuzz : public ::testing::Test {
protected:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    Raw any_bytes() {
        Raw raw(below(200));
        for (auto& byte : raw) byte = static_cast<std::uint8_t>(below(3) ? below(4) : random_());
        return raw;
    }
    // One that is good but for what happens to it.
    Raw any_stream() {
        constexpr unsigned good[] = {0, 24, 1032, 8, 400, 24, 1024, 16, 8, 8, 56, 24, 1048, 8, 240, 32, 600, 216, 32, 8, 24};
        Raw raw = begun();
        for (auto count = below(6); count > 0; --count) {
            const auto code = static_cast<unsigned>(2 + below(19));
            Raw body(good[code]);
            if (code == 20) body[0] = 1;
            add(raw, code, static_cast<unsigned>(below(2)), body);
        }
        raw = ended(raw);
        for (auto changes = below(3); changes > 0; --changes) {
            switch (below(4)) {
                case 0: raw[below(raw.size())] = static_cast<std::uint8_t>(random_()); break;
                case 1: raw[below(raw.size())] ^= static_cast<std::uint8_t>(1u << below(8)); break;
                case 2: raw.resize(1 + below(raw.size())); break;
                case 3: raw.insert(raw.begin() + static_cast<std::ptrdiff_t>(below(raw.size())), below(9), 1); break;
            }
        }
        return raw;
    }
    void judge(const Raw& raw) {
        const Copy copy(raw);
        const auto expected = records_of(raw, 2);
        const auto stream = Stream::of(copy.bytes(), two_vcpus);
        ASSERT_EQ(stream.has_value(), expected.has_value());
        if (!stream) return;
        ++taken;
        unsigned count = 0;
        std::size_t bytes = 32;
        for (const Record record : *stream) {
            ++count;
            bytes += 8 + record.body.size();
            if (record.is<Cpu>()) static_cast<void>(record.as<Cpu>());
            if (record.is<ExtendedState>()) static_cast<void>(record.as<ExtendedState>());
            if (record.is<Msrs>()) static_cast<void>(record.as<Msrs>());
        }
        ASSERT_EQ(count, *expected);
        ASSERT_LE(bytes + 8, raw.size());
        static_cast<void>(stream->last<Cpu>(1));
    }

    unsigned taken = 0;

private:
    std::mt19937_64 random_{5};
};

TEST_F(Fuzz, AnyBytesAreReadNoFurtherThanTheyGo) {
    for (int round = 0; round < 20000; ++round) {
        judge(any_bytes());
        ASSERT_FALSE(HasFatalFailure()) << round;
    }
    for (int round = 0; round < 20000; ++round) {
        Raw raw = begun();
        const Raw rest = any_bytes();
        raw.insert(raw.end(), rest.begin(), rest.end());
        judge(raw);
        ASSERT_FALSE(HasFatalFailure()) << round;
    }
}

TEST_F(Fuzz, NearlyGoodStreamsAsWell) {
    for (int round = 0; round < 40000; ++round) {
        judge(any_stream());
        ASSERT_FALSE(HasFatalFailure()) << round;
    }
    EXPECT_GT(taken, 10000u);
    EXPECT_LT(taken, 35000u);
}

}   // namespace
}   // namespace basalt::records
