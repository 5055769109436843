// Bits in words that the guest writes too: each access is one atomic instruction, each answer is looked at once.
#pragma once

#include <atomic>
#include <type_traits>

namespace basalt::events {

// True if it was set before.
template <typename Word>
bool set_bit(Word& word, unsigned bit) {
    const auto mask = static_cast<Word>(Word{1} << bit);
    return (std::atomic_ref(word).fetch_or(mask) & mask) != 0;
}
template <typename Word>
bool clear_bit(Word& word, unsigned bit) {
    const auto mask = static_cast<Word>(Word{1} << bit);
    return (std::atomic_ref(word).fetch_and(static_cast<Word>(~mask)) & mask) != 0;
}
template <typename Word>
bool has_bit(const Word& word, unsigned bit) {
    return (__atomic_load_n(&word, __ATOMIC_SEQ_CST) >> bit & 1) != 0;
}

}  // namespace basalt::events
