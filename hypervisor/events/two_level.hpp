// The two-level layout: pending and mask bits in shared_info, a selector of words in vcpu_info.
#pragma once

#include "abi/xen.hpp"
#include "events/event_channels.hpp"

namespace basalt::events {

class TwoLevel {
public:
    explicit TwoLevel(EventChannels& domain) : shared_(domain.shared_.load(std::memory_order_acquire)) {}

    // True if the port was not pending before.
    bool raise(Port port, VcpuEvents& vcpu) const;
    void unmask(Port port, VcpuEvents& vcpu) const;
    void clear(Port port) const;
    bool is_pending(Port port) const;

private:
    static constexpr unsigned bits = sizeof(xen_ulong_t) * 8;
    static bool select(unsigned word, VcpuEvents& vcpu);

    shared_info* shared_;
};

}  // namespace basalt::events
