// A set of small numbers, with its summaries: each word of a level is one bit of the level above, so that the
// highest member below a bound is found in as many steps as there are levels.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace basalt {

class BitTree {
public:
    static constexpr std::size_t words_for(std::uint64_t members) {
        std::size_t total = 0;
        for (auto bits = members; bits != 0;) {
            const auto words = (bits + 63) / 64;
            total += words;
            bits = words > 1 ? words : 0;
        }
        return total;
    }

    constexpr BitTree() = default;
    constexpr BitTree(std::span<std::uint64_t> words, std::uint64_t members) {
        auto* next = words.data();
        for (auto bits = members; bits != 0;) {
            const auto count = (bits + 63) / 64;
            levels_[depth_++] = next;
            next += count;
            bits = count > 1 ? count : 0;
        }
    }

    constexpr bool has(std::uint64_t member) const { return depth_ != 0 && (levels_[0][member / 64] >> member % 64 & 1) != 0; }

    constexpr void add(std::uint64_t member) {
        for (unsigned level = 0; level < depth_; ++level) {
            auto& word = levels_[level][member / 64];
            const bool was_empty = word == 0;
            word |= std::uint64_t{1} << member % 64;
            if (!was_empty) return;
            member /= 64;
        }
    }

    constexpr void remove(std::uint64_t member) {
        for (unsigned level = 0; level < depth_; ++level) {
            auto& word = levels_[level][member / 64];
            word &= ~(std::uint64_t{1} << member % 64);
            if (word != 0) return;
            member /= 64;
        }
    }

    // `bound` is at most the number of members given.
    constexpr std::optional<std::uint64_t> highest_below(std::uint64_t bound) const {
        for (unsigned level = 0; level < depth_ && bound != 0; ++level) {
            const auto word_index = (bound - 1) / 64;
            const auto word = levels_[level][word_index] & ~std::uint64_t{0} >> (63 - (bound - 1) % 64);
            if (word != 0) return descend(level, word_index * 64 + top_bit(word));
            bound = word_index;    // whole words below this one
        }
        return std::nullopt;
    }

private:
    static constexpr unsigned top_bit(std::uint64_t word) { return 63 - static_cast<unsigned>(std::countl_zero(word)); }
    constexpr std::uint64_t descend(unsigned level, std::uint64_t member) const {
        while (level-- != 0) member = member * 64 + top_bit(levels_[level][member]);
        return member;
    }

    static constexpr unsigned most_levels = 8;
    std::array<std::uint64_t*, most_levels> levels_{};
    unsigned depth_ = 0;
};

}    // namespace basalt
