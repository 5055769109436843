// Ports are made and bound, and asked about.
#include <algorithm>

#include "abi/event_channel.hpp"
#include "events/event_channels.hpp"
#include "events/fifo.hpp"

namespace basalt::events {
namespace {

template <typename Change>
void change(std::atomic<Route>& route, Change&& change) {
    auto seen = route.load();
    for (auto next = change(seen); !route.compare_exchange_weak(seen, next); next = change(seen)) {}
}

}  // namespace

std::uint32_t EventChannels::end_of_ports() const {
    const bool fifo = fifo_.load(std::memory_order_acquire) != nullptr;
    return std::min(most_ports_, fifo ? fifo_ports : two_level_ports);
}

bool EventChannels::still_linked(Port port) {
    auto* const array = fifo_.load(std::memory_order_acquire);
    return array && Fifo(*this, *array).is_linked(port);
}

Result<EventChannels::Claim> EventChannels::claim(Ports& ports) {
    constexpr int most_passed_over = 1024;   // a guest that links words of free ports does not get them
    if (ports.dying) return refuse(Error::invalid);
    auto from = ports.in_use.first_candidate();
    for (int passed_over = 0; passed_over < most_passed_over; ++passed_over) {
        const auto port = TRY(ports.in_use.lowest_unused(from, end_of_ports()));
        if (still_linked(port)) {
            from = port + 1;
            continue;
        }
        auto* const record = TRY(table_.make(port));
        TRY(ports.in_use.take(port));
        record->route.store({});   // a guest may have given a free port a priority
        return Claim{port, *record};
    }
    return refuse(Error::no_space);
}

Result<Port> EventChannels::allocate_unbound(DomainId peer) {
    return ports_.with([&](Ports& ports) -> Result<Port> {
        const auto claim = TRY(this->claim(ports));
        claim.record.channel.with([&](Channel& channel) { channel = {State::unbound, peer}; });
        return claim.port;
    });
}

Result<Port> EventChannels::bind_interdomain(EventChannels& remote, Port remote_port) {
    return Guarded<Ports, Rank::event_channels>::with_both(ports_, remote.ports_, [&](Ports& ports, Ports&) -> Result<Port> {
        const auto claim = TRY(this->claim(ports));
        auto* const there = remote.table_.find(remote_port);
        const bool joined = there && there != &claim.record &&
                            Guarded<Channel, Rank::event_ports>::with_both(
                                claim.record.channel, there->channel, [&](Channel& mine, Channel& theirs) {
                                    if (!may_join(theirs, self_)) return false;
                                    mine = {State::interdomain, remote.self_, remote_port.raw, &remote};
                                    theirs = {State::interdomain, self_, claim.port.raw, this};
                                    return true;
                                });
        if (!joined) {
            ports.in_use.give(claim.port);
            return refuse(Error::invalid);
        }
        raise(claim.record, claim.port);   // the peer may have sent before there was anyone to receive
        return claim.port;
    });
}

Result<Port> EventChannels::bind_virq(Virq virq, VcpuId vcpu_id) {
    if (virq.raw >= virqs) return refuse(Error::invalid);
    if (is_global(virq) && vcpu_id.raw != 0) return refuse(Error::invalid);
    auto* const vcpu = this->vcpu(vcpu_id);
    if (!vcpu) return refuse(Error::no_entry);
    return ports_.with([&](Ports& ports) -> Result<Port> {
        auto& slot = vcpu->virq_ports_[virq.raw];
        if (slot.load() != 0) return refuse(Error::exists);
        const auto claim = TRY(this->claim(ports));
        claim.record.channel.with([&](Channel& channel) { channel = {State::virq, {}, virq.raw}; });
        claim.record.route.store({static_cast<std::uint16_t>(vcpu_id.raw)});
        slot.store(claim.port.raw, std::memory_order_release);
        return claim.port;
    });
}

Result<Port> EventChannels::bind_ipi(VcpuId vcpu) {
    if (!this->vcpu(vcpu)) return refuse(Error::no_entry);
    return ports_.with([&](Ports& ports) -> Result<Port> {
        const auto claim = TRY(this->claim(ports));
        claim.record.route.store({static_cast<std::uint16_t>(vcpu.raw)});
        claim.record.channel.with([&](Channel& channel) { channel = {State::ipi}; });
        return claim.port;
    });
}

Result<Port> EventChannels::bind_pirq(Pirq pirq, bool will_share) {
    return ports_.with([&](Ports& ports) -> Result<Port> {
        const auto claim = TRY(this->claim(ports));
        const auto become = [&](Channel next) { claim.record.channel.with([&](Channel& channel) { channel = next; }); };
        become({State::pirq, {}, pirq.raw});   // first: the interrupt may come as soon as it is connected
        if (auto connected = connect_pirq(*this, pirq, claim.port, will_share); !connected) {
            become({});
            ports.in_use.give(claim.port);
            return refuse(connected.error());
        }
        return claim.port;
    });
}

Result<evtchn_status> EventChannels::status(Port port) {
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    const auto channel = record->channel.with([](Channel& seen) { return seen; });
    evtchn_status status{.dom = self_.raw, .port = port.raw, .vcpu = record->route.load().vcpu};
    switch (channel.state) {
        case State::free: status.status = EVTCHNSTAT_closed; break;
        case State::unbound:
            status.status = EVTCHNSTAT_unbound;
            status.u.unbound.dom = channel.peer.raw;
            break;
        case State::interdomain:
            status.status = EVTCHNSTAT_interdomain;
            status.u.interdomain.dom = channel.peer.raw;
            status.u.interdomain.port = channel.number;
            break;
        case State::pirq:
            status.status = EVTCHNSTAT_pirq;
            status.u.pirq = channel.number;
            break;
        case State::virq:
            status.status = EVTCHNSTAT_virq;
            status.u.virq = channel.number;
            break;
        case State::ipi: status.status = EVTCHNSTAT_ipi; break;
    }
    return status;
}

Result<> EventChannels::bind_vcpu(Port port, VcpuId vcpu) {
    if (!this->vcpu(vcpu)) return refuse(Error::no_entry);
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    return ports_.with([&](Ports&) -> Result<> {
        const auto channel = record->channel.with([](Channel& seen) { return seen; });
        if (!may_move(channel.state, Virq(channel.number))) return refuse(Error::invalid);
        change(record->route, [&](Route route) {
            route.vcpu = static_cast<std::uint16_t>(vcpu.raw);
            return route;
        });
        if (channel.state == State::pirq) move_pirq(*this, Pirq(channel.number), vcpu);
        return {};
    });
}

Result<> EventChannels::set_priority(Port port, std::uint32_t priority) {
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    if (!fifo_.load(std::memory_order_acquire)) return refuse(Error::not_implemented);
    if (priority > EVTCHN_FIFO_PRIORITY_MIN) return refuse(Error::invalid);
    change(record->route, [&](Route route) {
        route.priority = static_cast<std::uint8_t>(priority);
        return route;
    });
    return {};
}

}  // namespace basalt::events
