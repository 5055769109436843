// Events are waited for. One may come while its vcpu begins to wait: the vcpu says first that it waits, and looks then. What
// came before is found, and what comes later wakes it.
#include <bit>

#include "events/event_channels.hpp"

namespace basalt::events {

void EventChannels::begin_poll(VcpuEvents& vcpu, std::optional<Port> only) {
    vcpu.polled_port_.store(only ? only->raw : 0);
    polling_.fetch_or(std::uint64_t{1} << vcpu.id().raw);
}

void EventChannels::end_poll(VcpuEvents& vcpu) { polling_.fetch_and(~(std::uint64_t{1} << vcpu.id().raw)); }

void EventChannels::wake_pollers(Port port) {
    for (auto rest = polling_.load(); rest != 0; rest &= rest - 1) {
        const auto number = static_cast<std::uint32_t>(std::countr_zero(rest));
        auto* const vcpu = this->vcpu(VcpuId(number));
        const auto polled = vcpu->polled_port_.load();
        if (polled != 0 && polled != port.raw) continue;
        const auto bit = std::uint64_t{1} << number;
        if ((polling_.fetch_and(~bit) & bit) != 0) end_wait(*vcpu);
    }
}

bool VcpuEvents::must_look() { return upcall_due() || other_news_due(*this); }

// What a poll has left behind would wake a vcpu that waits for something else.
void VcpuEvents::end_poll() {
    if (!polls_) return;
    polls_ = false;
    stop_poll_timeout(*this);
    domain_.end_poll(*this);
}

void VcpuEvents::wait() {
    end_poll();
    if (auto* const info = this->info()) write_once(info->evtchn_upcall_mask, 0);
    begin_wait(*this);
    if (must_look()) end_wait(*this);
}

namespace {

Result<bool> is_any_pending(EventChannels& channels, std::span<const evtchn_port_t> ports) {
    for (const evtchn_port_t port : ports)
        if (TRY(channels.is_pending(Port(port)))) return true;
    return false;
}

}   // namespace

Result<> VcpuEvents::poll(std::span<const evtchn_port_t> ports, std::uint64_t until) {
    end_poll();
    domain_.begin_poll(*this, ports.size() == 1 ? std::optional(Port(ports[0])) : std::nullopt);
    polls_ = true;
    begin_wait(*this);
    const auto pending = is_any_pending(domain_, ports);
    if (!pending || *pending || must_look()) {
        end_wait(*this);
        end_poll();
        return pending ? Result<>{} : refuse(pending.error());
    }
    if (until != 0) set_poll_timeout(*this, until);
    return {};
}

}   // namespace basalt::events
