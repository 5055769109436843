// Ports go: one by one, or all of a domain's.
#include "core/assert.hpp"
#include "events/event_channels.hpp"
#include "events/fifo.hpp"
#include "events/two_level.hpp"

namespace basalt::events {

EventChannels::~EventChannels() {
    if (auto* const array = fifo_.load()) {
        array->~FifoArray();
        give_table_page(array);
    }
}

Result<> EventChannels::close(Port port) {
    while (TRY(try_close(port)) != Closed::done) {}
    return {};
}

Result<EventChannels::Closed> EventChannels::try_close(Port port) {
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    const auto seen = record->channel.with([](Channel& channel) { return channel; });
    // The peer may be dying, and parts the channel itself; its table outlives this call.
    if (seen.state == State::interdomain) return part(*record, port, seen);
    return ports_.with([&](Ports& ports) -> Result<Closed> {
        const auto was = record->channel.with(
            [](Channel& channel) { return channel.state == State::interdomain ? channel : std::exchange(channel, Channel{}); });
        if (was.state == State::interdomain) return Closed::changed;
        if (!was.in_use()) return refuse(Error::invalid);
        forget(ports, {port, *record}, was);
        return Closed::done;
    });
}

// Closes one end of a channel; the other waits to be bound again.
EventChannels::Closed EventChannels::part(PortRecord& record, Port port, const Channel& seen) {
    auto& peer = *seen.remote;
    return Guarded<Ports, Rank::event_channels>::with_both(ports_, peer.ports_, [&](Ports& ports, Ports&) {
        auto* const there = peer.table_.find(Port(seen.number));
        const bool parted =
            Guarded<Channel, Rank::event_ports>::with_both(record.channel, there->channel, [&](Channel& mine, Channel& theirs) {
                if (!mine.joined_to(peer, Port(seen.number))) return false;
                ASSERT(theirs.joined_to(*this, port));
                theirs = {State::unbound, self_};
                mine = {};
                return true;
            });
        if (!parted) return Closed::changed;
        forget(ports, {port, record}, seen);
        return Closed::done;
    });
}

// The port is free already, and nobody sends through it any more.
void EventChannels::forget(Ports& ports, Claim claim, const Channel& was) {
    if (was.state == State::pirq) disconnect_pirq(*this, Pirq(was.number));
    if (was.state == State::virq) {
        const Virq virq(was.number);
        auto* const owner = is_global(virq) ? vcpu(VcpuId(0)) : vcpu(claim.record.route.load());
        ASSERT(owner != nullptr);
        owner->virq_ports_[virq.raw].store(0, std::memory_order_release);
    }
    if (auto* const array = fifo_.load(std::memory_order_acquire))
        Fifo(*this, *array).clear(claim.record, claim.port);
    else
        TwoLevel(*this).clear(claim.port);
    claim.record.route.store({});
    ports.in_use.give(claim.port);
}

// False: there was none.
bool EventChannels::close_lowest() {
    const auto port = ports_.with([](Ports& ports) { return ports.in_use.lowest_used(); });
    if (!port) return false;
    // Refused if another CPU was faster, which is as good.
    static_cast<void>(close(*port));
    return true;
}

void EventChannels::refuse_new_ports() {
    ports_.with([](Ports& ports) { ports.dying = true; });
}

Step<> EventChannels::reset() {
    constexpr int most_closed = 64;   // each is looked for among 2048 words
    for (int closed = 0; closed < most_closed; ++closed) {
        if (close_lowest()) continue;
        const bool done = ports_.with([&](Ports& ports) {
            if (ports.in_use.count() != 0) return false;
            // No port is in use and none can become so: nobody looks at the array.
            auto* const array = fifo_.exchange(nullptr);
            if (!array) return true;
            Fifo::forget_queues(*this);
            array->~FifoArray();
            give_table_page(array);
            return true;
        });
        if (done) return std::monostate{};
    }
    return Again{};
}

}  // namespace basalt::events
