// Where in the machine a domain has ever had frames of its own. So whoever needs all of them walks those parts alone: what it
// costs follows the domain, not the machine.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "core/number.hpp"

namespace basalt {

// The machine is cut into so many equal parts at most, of 2^n frames each, and a part is a bit that stays. It is set before a
// frame of the part is the domain's.
class Whereabouts {
public:
    static constexpr std::size_t most_parts = 4096;

    // `machine`: one past its last frame, the same in each call.
    void note(Mfn first, std::uint64_t frames, Mfn machine) {
        const unsigned shift = shift_of(machine);
        const std::uint64_t last = (first.raw + frames - 1) >> shift;
        for (std::uint64_t part = first.raw >> shift; part <= last; ++part) {
            auto& word = words_[part / 64];
            const std::uint64_t bit = std::uint64_t{1} << part % 64;
            if ((word.load(std::memory_order_relaxed) & bit) == 0) word.fetch_or(bit, std::memory_order_relaxed);
        }
    }

    // `from`, or, where no frame of its part was ever the domain's, the first one of the next part that had one; or `machine`.
    Mfn first_from(Mfn from, Mfn machine) const {
        if (from >= machine) return machine;
        const unsigned shift = shift_of(machine);
        const std::uint64_t part = from.raw >> shift;
        std::uint64_t left = words_[part / 64].load(std::memory_order_relaxed) >> part % 64 << part % 64;
        for (std::size_t word = part / 64;; left = words_[word].load(std::memory_order_relaxed)) {
            if (left != 0) {
                const std::uint64_t found = word * 64 + static_cast<unsigned>(std::countr_zero(left));
                return found == part ? from : Mfn(found << shift);
            }
            if (++word == words_.size()) return machine;
        }
    }

private:
    static constexpr unsigned shift_of(Mfn machine) {
        return static_cast<unsigned>(std::bit_width((machine.raw - 1) / most_parts));
    }

    std::array<std::atomic<std::uint64_t>, most_parts / 64> words_{};
};

}   // namespace basalt
