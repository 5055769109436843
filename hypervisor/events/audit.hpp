// A domain's ports, looked at from both ends and beside the tables that lead to them. The machine stands still.
#pragma once

#include <optional>

#include "core/finding.hpp"
#include "events/event_channels.hpp"
#include "events/fifo.hpp"

namespace basalt::events {

class Audit {
public:
    explicit Audit(EventChannels& channels) : channels_(channels) {}

    // Each of the guest's pages that is held for event words and control blocks, by its frame.
    template <typename Action>
    void for_each_page(Action&& action) {
        if (const auto* const array = channels_.fifo_.load())
            for (const auto& page : array->pages)
                if (page) action(page.mfn());
        for (const auto& vcpu : channels_.vcpus_)
            if (auto* const events = vcpu.load())
                events->queues_.with([&](FifoQueues& queues) {
                    if (queues.page) action(queues.page.mfn());
                });
    }

    std::optional<Finding> first_finding();

    PortRecord* record(Port port) const { return channels_.table_.find(port); }

private:
    std::optional<Finding> wrong_with(Port port, const PortRecord* record, bool in_use);
    bool may_be_unseen(Port port, bool in_use) const;
    std::optional<Finding> wrong_with(Port port, const Channel& channel, Route route);
    std::optional<Finding> wrong_with_peer(Port port, const Channel& channel);
    std::optional<Finding> wrong_with_virq(Port port, const Channel& channel, Route route);
    std::optional<Finding> wrong_with(VcpuEvents& vcpu);
    std::optional<Finding> wrong_with_queues(VcpuEvents& vcpu);
    std::optional<Channel> channel_of(Port port);
    Finding differs(Port port, std::string_view what, std::uint64_t found, std::uint64_t expected) const;

    EventChannels& channels_;
};

// Seams, for the audit alone: the event channels of a domain, null if there is none; the port that a pirq leads to, 0
// if none.
EventChannels* channels_of(DomainId domain);
Port port_of_pirq(EventChannels& channels, Pirq pirq);

}  // namespace basalt::events
