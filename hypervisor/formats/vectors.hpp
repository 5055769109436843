// Interrupt vectors of the machine. One number means the same on every CPU, so moving an interrupt changes only
// its destination. Those with a fixed meaning to the machine are in machine/registers.hpp.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>

namespace basalt {

namespace device_vector {
inline constexpr std::uint8_t first = 0x30;
inline constexpr std::uint8_t last = 0xdf;
inline constexpr std::uint8_t console = 0xe0;       // characters for the console
inline constexpr std::uint8_t clock_check = 0xe1;   // compare this CPU's TSC with the asker's
}  // namespace device_vector

class VectorPool {
public:
    // A run of `count` (a power of two) beginning at a multiple of it: what MSI with several messages needs.
    std::optional<std::uint8_t> take(unsigned count = 1) {
        const unsigned begin = (device_vector::first + count - 1) / count * count;
        for (unsigned candidate = begin; candidate + count - 1 <= device_vector::last; candidate += count) {
            if (!is_free(candidate, count)) continue;
            for (unsigned each = candidate; each < candidate + count; ++each) taken_.set(each);
            return static_cast<std::uint8_t>(candidate);
        }
        return {};
    }
    void give_back(std::uint8_t one) { taken_.reset(one); }

private:
    bool is_free(unsigned begin, unsigned count) const {
        for (unsigned each = begin; each < begin + count; ++each)
            if (taken_.test(each)) return false;
        return true;
    }

    std::bitset<256> taken_;
};

}  // namespace basalt
