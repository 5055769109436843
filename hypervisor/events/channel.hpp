// A port is one end of an event channel. What it may become is decided here, by functions without effects.
//
//   free -> unbound <-> interdomain      made unbound for one domain, joined by its bind, parted by the peer's close
//        -> interdomain | pirq | virq | ipi                                             everything -> free, by close
#pragma once

#include <atomic>
#include <cstdint>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "core/lock.hpp"
#include "core/number.hpp"
#include "core/result.hpp"

namespace basalt::events {

class EventChannels;

enum class State : std::uint8_t { free, unbound, interdomain, pirq, virq, ipi };

struct Channel {
    State state = State::free;
    DomainId peer{};                    // unbound: who may bind; interdomain: who has
    std::uint32_t number = 0;           // interdomain: the peer's port; pirq, virq: which
    EventChannels* remote = nullptr;    // interdomain: the peer's table, alive as long as this names it

    constexpr bool in_use() const { return state != State::free; }
    // Whether these two are the ends of one channel.
    constexpr bool joined_to(const EventChannels& table, Port port) const {
        return state == State::interdomain && remote == &table && number == port.raw;
    }
    constexpr bool raised_by(State kind, std::uint32_t which) const { return state == kind && number == which; }
};

// An unbound end waits for one domain.
constexpr bool may_join(const Channel& waiting, DomainId who) { return waiting.state == State::unbound && waiting.peer == who; }

inline constexpr std::uint8_t default_priority = EVTCHN_FIFO_PRIORITY_DEFAULT;

// Where the events of a port go. Changed by bind_vcpu and set_priority while events arrive, so it is one word.
struct Route {
    std::uint16_t vcpu = 0;
    std::uint8_t priority = default_priority;
    bool unseen = false;   // of `Port::linked` only: pending, before there was a page to say so
    friend constexpr bool operator==(Route, Route) = default;
};
static_assert(std::atomic<Route>::is_always_lock_free && sizeof(Route) == 4);

// One port. A sender holds the lock of its own end while it marks the other, so when a close has had that lock nobody
// is still sending: neither the peer's table nor its domain can vanish under a sender.
struct alignas(32) PortRecord {
    Guarded<Channel, Rank::event_ports> channel;
    std::atomic<Route> route{};
    std::atomic<Route> linked{};   // the FIFO queue on which it was put last
};
static_assert(sizeof(PortRecord) == 32);

// Global VIRQs belong to a domain and are bound on vcpu 0 first; the others belong to one vcpu for good.
constexpr bool is_global(Virq virq) {
    return virq.raw != VIRQ_TIMER && virq.raw != VIRQ_DEBUG && virq.raw != VIRQ_XENOPROF && virq.raw != VIRQ_XENPMU;
}

// Whether bind_vcpu may send the port's events to another vcpu.
constexpr bool may_move(State state, Virq virq) {
    switch (state) {
        case State::unbound:
        case State::interdomain:
        case State::pirq: return true;
        case State::virq: return is_global(virq);
        case State::free:
        case State::ipi: return false;
    }
    return false;
}

}  // namespace basalt::events
