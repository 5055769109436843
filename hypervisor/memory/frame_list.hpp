// A list of frames that goes through their records, where the epoch is otherwise: it needs no memory of its own, and
// may be as long as it likes. Whoever puts a frame in has it alone, and so does whoever takes it out.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/lock.hpp"
#include "memory/frame.hpp"

namespace basalt {

class FrameList {
public:
    // As of now: another CPU may put one in, or take it out, at any time.
    bool empty() const { return first_.load(std::memory_order_relaxed) == Frame::no_link; }

    void put(Mfn mfn) {
        auto first = first_.load(std::memory_order_relaxed);
        do {
            frame(mfn).set_link(first);
        } while (!first_.compare_exchange_weak(first, static_cast<std::uint32_t>(mfn.raw), std::memory_order_release,
                                               std::memory_order_relaxed));
    }

    // One CPU at a time, so that the first one stays in the list, and its link what it is, until it is taken.
    std::optional<Mfn> take() {
        if (empty()) return std::nullopt;
        return taking_.with([&](Nothing) -> std::optional<Mfn> {
            auto first = first_.load(std::memory_order_acquire);
            while (first != Frame::no_link)
                if (first_.compare_exchange_weak(first, frame(Mfn(first)).link(), std::memory_order_acquire)) {
                    frame(Mfn(first)).unlink();
                    return Mfn(first);
                }
            return std::nullopt;
        });
    }

private:
    struct Nothing {};
    std::atomic<std::uint32_t> first_{Frame::no_link};
    Guarded<Nothing, Rank::frame_lists> taking_;
};

}    // namespace basalt
