// How an event is appended to a queue whose tail the guest may be taking off at the same time.
#pragma once

#include "abi/event_channel.hpp"
#include "core/number.hpp"

namespace basalt::events {

inline constexpr event_word_t fifo_busy = event_word_t{1} << EVTCHN_FIFO_BUSY;
inline constexpr event_word_t fifo_linked = event_word_t{1} << EVTCHN_FIFO_LINKED;
inline constexpr event_word_t fifo_link = EVTCHN_FIFO_LINK_MASK;

// Makes `port` the successor of the event in `tail`, if that is still linked. False: it is not, so the queue is empty.
//
// A guest may change a linked word in four ways (mask, unmask, clear pending, unlink), and BUSY keeps it from unmasking
// again: so few tries are enough for an honest one. Another loses the event that it played with.
//
// `Word` is std::atomic_ref<event_word_t>, or a test's word where the guest acts between any two accesses.
template <typename Word>
bool set_link(Word tail, Port port) {
    constexpr int tries = 5;
    auto seen = tail.load();
    for (int tried = 0; tried < tries; ++tried) {
        if ((seen & fifo_linked) == 0) {
            if (tried != 0) tail.fetch_and(~fifo_busy);
            return false;
        }
        const auto next = (seen & ~(fifo_busy | fifo_link)) | port.raw;
        if (tail.compare_exchange_strong(seen, next)) return true;
        if (tried == 0) seen = tail.fetch_or(fifo_busy) | fifo_busy;
    }
    tail.fetch_and(~fifo_busy);
    return true;
}

}  // namespace basalt::events
