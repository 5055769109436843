// Demotion: tables whose last use was dropped wait in one list until somebody takes apart what their entries
// own. There is no recursion: a table that loses its last use meanwhile joins the list.
#include <atomic>

#include "paging/named.hpp"
#include "paging/take.hpp"
#include "translations/flush_time.hpp"

namespace basalt {

namespace {

// Whoever works on the list takes all of it, so a frame number is never compared with itself across a reuse.
constinit std::atomic<std::uint32_t> to_undo{Frame::no_link};

void push(Mfn mfn) {
    Frame& record = frame(mfn);
    auto first = to_undo.load(std::memory_order_relaxed);
    do {
        record.set_link(first);
    } while (!to_undo.compare_exchange_weak(first, static_cast<std::uint32_t>(mfn.raw),
                                            std::memory_order_release, std::memory_order_relaxed));
}

void push_all(std::uint32_t first) {
    while (first != Frame::no_link) {
        const Mfn mfn(first);
        first = frame(mfn).unlink();
        push(mfn);
    }
}

}    // namespace

void undo_later(Mfn mfn) {
    push(mfn);
}

namespace paging {

bool finish_undoing(Budget& budget) {
    advance_flush_time();
    while (to_undo.load(std::memory_order_relaxed) != Frame::no_link) {
        auto first = to_undo.exchange(Frame::no_link, std::memory_order_acquire);
        while (first != Frame::no_link) {
            if (budget.over()) {
                push_all(first);
                return false;
            }
            const Mfn mfn(first);
            first = frame(mfn).unlink();
            drop_entries(mfn, level_of(frame(mfn).word().use()), entries_per_table);
            budget.spend(entries_per_table);
            leave_unchecked(mfn);
        }
    }
    return true;
}

}    // namespace paging
}    // namespace basalt
