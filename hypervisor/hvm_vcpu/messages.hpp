// What is left for a vcpu by others, or by its timer, until it looks on its way into its guest. Any CPU may leave something,
// and nobody waits; whoever has left it makes the vcpu look. The vcpu's own CPU alone takes it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace basalt {

class Messages {
public:
    struct Taken {
        bool timer = false, init = false, start_up = false;
        std::uint8_t start_page = 0;
        std::array<std::uint64_t, 4> vectors{};
    };

    void add_interrupt(std::uint8_t vector) {
        vectors_[vector / 64].fetch_or(std::uint64_t{1} << vector % 64, std::memory_order_relaxed);
        signals_.fetch_or(interrupts, std::memory_order_release);
    }
    void add_timer() { signals_.fetch_or(timer, std::memory_order_release); }
    // A start-up that came before it is void, as the vcpu did not wait for one then.
    void add_init() {
        change([](std::uint32_t now) { return (now & ~(start_up | start_page)) | init; });
    }
    void add_start_up(std::uint8_t page) {
        change([=](std::uint32_t now) { return (now & ~start_page) | start_up | std::uint32_t{page} << page_shift; });
    }

    bool any() const { return signals_.load(std::memory_order_acquire) != 0; }
    bool has_start_up() const { return (signals_.load(std::memory_order_acquire) & start_up) != 0; }
    bool has_init() const { return (signals_.load(std::memory_order_acquire) & init) != 0; }
    bool has_new_start() const { return has_init() && has_start_up(); }

    Taken take() {
        const std::uint32_t signals = signals_.exchange(0, std::memory_order_acq_rel);
        Taken taken{.timer = (signals & timer) != 0,
                    .init = (signals & init) != 0,
                    .start_up = (signals & start_up) != 0,
                    .start_page = static_cast<std::uint8_t>(signals >> page_shift)};
        if ((signals & interrupts) == 0) return taken;
        for (unsigned word = 0; word < taken.vectors.size(); ++word)
            taken.vectors[word] = vectors_[word].exchange(0, std::memory_order_relaxed);
        return taken;
    }

private:
    static constexpr std::uint32_t interrupts = 1 << 0, timer = 1 << 1, init = 1 << 2, start_up = 1 << 3;
    static constexpr unsigned page_shift = 8;
    static constexpr std::uint32_t start_page = 0xff << page_shift;

    template <typename Rule>
    void change(Rule rule) {
        std::uint32_t now = signals_.load(std::memory_order_relaxed);
        while (!signals_.compare_exchange_weak(now, rule(now), std::memory_order_release, std::memory_order_relaxed)) {}
    }

    std::atomic<std::uint32_t> signals_{0};
    std::array<std::atomic<std::uint64_t>, 4> vectors_{};
};

// `action(vector)` for each, the highest last.
template <typename Action>
void for_each_vector(const std::array<std::uint64_t, 4>& vectors, Action action) {
    for (unsigned word = 0; word < vectors.size(); ++word)
        for (std::uint64_t left = vectors[word]; left != 0; left &= left - 1)
            action(static_cast<std::uint8_t>(word * 64 + static_cast<unsigned>(std::countr_zero(left))));
}

}   // namespace basalt
