#include "events/audit.hpp"

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"

namespace basalt::events {

Finding Audit::differs(Port port, std::string_view what, std::uint64_t found, std::uint64_t expected) const {
    return {channels_.self(), "port", port.raw, what, found, expected};
}

std::optional<Channel> Audit::channel_of(Port port) {
    auto* const record = this->record(port);
    if (!record) return std::nullopt;
    return record->channel.with([](Channel& channel) { return channel; });
}

std::optional<Finding> Audit::first_finding() {
    // The table's lock is not held while ports are looked at: the peer's is of the same rank.
    std::uint32_t counted = 0;
    for (Port port(0); port.raw < fifo_ports; ++port) {
        auto* const record = this->record(port);
        const bool in_use = channels_.ports_.with([&](Ports& ports) { return ports.in_use.has(port); });
        if (in_use) ++counted;
        if (!record && !in_use) {
            port = Port(port.raw | (PortTable::in_bucket - 1));   // nor has any of its bucket
            continue;
        }
        if (auto wrong = wrong_with(port, record, in_use)) return wrong;
    }
    const auto noted = channels_.ports_.with([](Ports& ports) { return ports.in_use.count(); });
    if (noted != counted) return differs(Port(0), "number of ports in use", noted, counted);
    for (const auto& vcpu : channels_.vcpus_)
        if (auto* const events = vcpu.load())
            if (auto wrong = wrong_with(*events)) return wrong;
    return std::nullopt;
}

std::optional<Finding> Audit::wrong_with(Port port, const PortRecord* record, bool in_use) {
    if (!record) return differs(port, "use without a record", in_use, 0);
    const auto channel = *channel_of(port);
    const auto route = record->route.load();
    if (channel.in_use() != in_use) return differs(port, "use", in_use, channel.in_use());
    if (record->linked.load().unseen && !may_be_unseen(port, in_use)) return differs(port, "event that is not said", 1, 0);
    return in_use ? wrong_with(port, channel, route) : std::nullopt;
}

// An event waits for the page that says it. Of free ports there are those that the guest itself had marked pending, in
// the layout before.
bool Audit::may_be_unseen(Port port, bool in_use) const {
    const auto* const array = channels_.fifo_.load();
    const bool has_page = array && array->word(port.raw);
    return !has_page && (in_use || port.raw < two_level_ports);
}

std::optional<Finding> Audit::wrong_with(Port port, const Channel& channel, Route route) {
    if (!channels_.vcpu(route)) return differs(port, "vcpu", route.vcpu, 0);
    if (route.priority > EVTCHN_FIFO_PRIORITY_MIN) return differs(port, "priority", route.priority, default_priority);
    switch (channel.state) {
        case State::free:
        case State::ipi: return std::nullopt;
        case State::unbound:
            // Any other number is the guest's to name: a domain that is not there yet, or never will be.
            if (channel.peer == DomainId(DOMID_SELF)) return differs(port, "domain that may bind", channel.peer.raw, 0);
            return std::nullopt;
        case State::interdomain: return wrong_with_peer(port, channel);
        case State::pirq:
            if (const Port noted = port_of_pirq(channels_, Pirq(channel.number)); noted != port)
                return differs(port, "port of its pirq", noted.raw, port.raw);
            return std::nullopt;
        case State::virq: return wrong_with_virq(port, channel, route);
    }
    return std::nullopt;
}

std::optional<Finding> Audit::wrong_with_peer(Port port, const Channel& channel) {
    auto* const peer = channels_of(channel.peer);
    if (peer == nullptr || peer != channel.remote)
        return differs(port, "peer who is not there", channel.peer.raw, DOMID_INVALID);
    const auto there = Audit(*peer).channel_of(Port(channel.number));
    const auto back = there ? there->number : 0;
    if (!there || !there->joined_to(channels_, port))
        return differs(port, "peer's port, which does not lead back", channel.number, back);
    const DomainId self = channels_.self();
    if (there->peer != self) return differs(port, "peer's peer", there->peer.raw, self.raw);
    return std::nullopt;
}

std::optional<Finding> Audit::wrong_with_virq(Port port, const Channel& channel, Route route) {
    const Virq virq(channel.number);
    if (virq.raw >= virqs) return differs(port, "virq", virq.raw, 0);
    const auto* const vcpu = is_global(virq) ? channels_.vcpu(VcpuId(0)) : channels_.vcpu(route);
    if (vcpu->bound(virq) == port) return std::nullopt;
    return differs(port, "port of its virq", vcpu->bound(virq).raw, port.raw);
}

std::optional<Finding> Audit::wrong_with(VcpuEvents& vcpu) {
    for (Virq virq(0); virq.raw < virqs; ++virq) {
        const Port port = vcpu.bound(virq);
        if (port == Port(0)) continue;
        const auto channel = channel_of(port);
        if (!channel || !channel->raised_by(State::virq, virq.raw))
            return Finding{channels_.self(), "virq", virq.raw, "port", port.raw, 0};
    }
    return wrong_with_queues(vcpu);
}

// The last event of a queue was put on that queue last.
std::optional<Finding> Audit::wrong_with_queues(VcpuEvents& vcpu) {
    const auto [has_control, tails] =
        vcpu.queues_.with([](FifoQueues& queues) { return std::pair(queues.control != nullptr, queues.tail); });
    for (std::size_t priority = 0; priority < tails.size(); ++priority) {
        const Port port(tails[priority]);
        if (port == Port(0)) continue;
        auto* const record = this->record(port);
        if (!has_control || !record) return differs(port, "queue it ends", priority, 0);
        const Route last = record->linked.load();
        if (last.vcpu != vcpu.id().raw || last.priority != priority)
            return differs(port, "queue it ends", priority, last.priority);
    }
    return std::nullopt;
}

}  // namespace basalt::events
