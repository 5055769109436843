// A set of interrupt vectors: what is requested, in service, or level-triggered.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

namespace basalt::apic {

// Vectors below are the processor's exceptions: no interrupt has one (SDM 11.5.2).
inline constexpr std::uint8_t first_vector = 16;

constexpr std::uint8_t class_of(std::uint8_t vector) { return vector & 0xf0; }

class Vectors {
public:
    constexpr bool has(std::uint8_t vector) const { return (words_[vector / bits] >> vector % bits & 1) != 0; }
    constexpr void add(std::uint8_t vector) { words_[vector / bits] |= bit(vector); }
    constexpr void remove(std::uint8_t vector) { words_[vector / bits] &= ~bit(vector); }
    constexpr bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }

    constexpr std::optional<std::uint8_t> highest() const {
        for (unsigned index = words; index-- > 0;)
            if (const auto word = words_[index])
                return static_cast<std::uint8_t>(index * bits + bits - 1 - static_cast<unsigned>(std::countl_zero(word)));
        return std::nullopt;
    }

    // As the registers show them: 32 to each of eight.
    static constexpr unsigned parts = 8;
    constexpr std::uint32_t part(unsigned index) const {
        return static_cast<std::uint32_t>(words_[index / 2] >> index % 2 * 32);
    }
    constexpr void set_part(unsigned index, std::uint32_t members) {
        const unsigned shift = index % 2 * 32;
        words_[index / 2] = (words_[index / 2] & ~(std::uint64_t{0xffff'ffff} << shift)) | std::uint64_t{members} << shift;
    }

    constexpr bool operator==(const Vectors&) const = default;

private:
    static constexpr unsigned words = 4, bits = 64;
    static constexpr std::uint64_t bit(std::uint8_t vector) { return std::uint64_t{1} << vector % bits; }

    std::array<std::uint64_t, words> words_{};
};

}  // namespace basalt::apic
