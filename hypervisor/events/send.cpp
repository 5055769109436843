// Events are sent, and masked.
#include "events/event_channels.hpp"
#include "events/fifo.hpp"
#include "events/two_level.hpp"

namespace basalt::events {

Result<> EventChannels::send(Port port) {
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    return record->channel.with([&](Channel& channel) -> Result<> {
        switch (channel.state) {
            case State::interdomain: {
                auto* const there = channel.remote->table_.find(Port(channel.number));
                channel.remote->raise(*there, Port(channel.number));
                return {};
            }
            case State::ipi: raise(*record, port); return {};
            case State::unbound: return {};   // nobody is there: the event is dropped
            case State::free:
            case State::pirq:
            case State::virq: return refuse(Error::invalid);
        }
        return refuse(Error::invalid);
    });
}

void EventChannels::raise_virq(VcpuEvents& vcpu, Virq virq) {
    const auto port = vcpu.bound(virq);
    if (port.raw == 0) return;
    auto* const record = table_.find(port);
    record->channel.with([&](Channel& channel) {
        if (channel.raised_by(State::virq, virq.raw)) raise(*record, port);
    });
}

void EventChannels::raise_global_virq(Virq virq) {
    if (auto* const first = vcpu(VcpuId(0))) raise_virq(*first, virq);
}

void EventChannels::raise_pirq(Port port, Pirq pirq) {
    auto* const record = table_.find(port);
    if (!record) return;
    record->channel.with([&](Channel& channel) {
        if (channel.raised_by(State::pirq, pirq.raw)) raise(*record, port);
    });
}

void EventChannels::raise(PortRecord& record, Port port) {
    auto* const array = fifo_.load(std::memory_order_acquire);
    bool newly = false;
    if (array) {
        newly = Fifo(*this, *array).raise(record, port);
    } else if (auto* const vcpu = this->vcpu(record.route.load())) {
        newly = TwoLevel(*this).raise(port, *vcpu);
    }
    if (newly && polling_.load() != 0) wake_pollers(port);
}

Result<bool> EventChannels::is_pending(Port port) {
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    return record->channel.with([&](Channel& channel) {
        if (!channel.in_use()) return false;
        auto* const array = fifo_.load(std::memory_order_acquire);
        return array ? Fifo(*this, *array).is_pending(port) : TwoLevel(*this).is_pending(port);
    });
}

Result<> EventChannels::unmask(Port port) {
    auto* const record = table_.find(port);
    if (!record) return refuse(Error::invalid);
    record->channel.with([&](Channel& channel) {
        auto* const vcpu = this->vcpu(record->route.load());
        if (!channel.in_use() || !vcpu) return;
        if (auto* const array = fifo_.load(std::memory_order_acquire))
            Fifo(*this, *array).unmask(*record, port);
        else
            TwoLevel(*this).unmask(port, *vcpu);
    });
    return {};
}

}  // namespace basalt::events
