// A guest's side of the FIFO layout, after the protocol in <xen/event_channel.h>: how Linux takes events.
#pragma once

#include <array>
#include <vector>

#include "abi/event_channel.hpp"
#include "events/guest_bits.hpp"
#include "events/world.hpp"

namespace basalt::events {

class FifoGuest {
public:
    FifoGuest(world::Domain& domain, unsigned vcpu) : domain_(domain), vcpu_(vcpu) {}

    // One upcall: everything that is queued, in order.
    std::vector<std::uint32_t> take_all() {
        std::vector<std::uint32_t> all;
        take([&](Port port) { all.push_back(port.raw); });
        return all;
    }

    template <typename Action>
    void take(Action&& action) {
        auto& info = domain_.info(vcpu_);
        while (std::atomic_ref(info.evtchn_upcall_pending).exchange(0) != 0) {
            std::atomic_ref ready_word(domain_.control(vcpu_).ready);
            auto ready = ready_word.exchange(0);
            while (ready != 0) {
                take_one(static_cast<unsigned>(std::countr_zero(ready)), ready, action);
                ready |= ready_word.exchange(0);
            }
        }
    }

private:
    template <typename Action>
    void take_one(unsigned priority, std::uint32_t& ready, Action&& action) {
        auto port = heads_[priority];
        if (port == 0) port = std::atomic_ref(domain_.control(vcpu_).head[priority]).load();
        std::atomic_ref word(domain_.word(Port(port)));
        auto seen = word.load();
        while (!word.compare_exchange_weak(seen, seen & ~(linked | EVTCHN_FIFO_LINK_MASK))) {}
        heads_[priority] = seen & EVTCHN_FIFO_LINK_MASK;
        if (heads_[priority] == 0) ready &= ~(1u << priority);
        seen = word.load();
        if ((seen & (pending | masked)) != pending) return;
        word.fetch_and(~pending);
        action(Port(port));
    }

    static constexpr event_word_t pending = event_word_t{1} << EVTCHN_FIFO_PENDING;
    static constexpr event_word_t masked = event_word_t{1} << EVTCHN_FIFO_MASKED;
    static constexpr event_word_t linked = event_word_t{1} << EVTCHN_FIFO_LINKED;

    world::Domain& domain_;
    unsigned vcpu_;
    std::array<std::uint32_t, 16> heads_{};
};

}  // namespace basalt::events
