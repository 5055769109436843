// The event channels of one domain. Embedded in Domain.
//
// Ports are made, bound and closed under the lock of their table (of both tables, for two domains), and each change
// is made under the lock of the port too. Sending takes the sending port's lock and nothing of the table.
#pragma once

#include <array>
#include <atomic>
#include <optional>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "core/again.hpp"
#include "core/lock.hpp"
#include "core/result.hpp"
#include "events/channel.hpp"
#include "events/port_table.hpp"
#include "events/seams.hpp"
#include "events/vcpu_events.hpp"

namespace basalt::events {

struct FifoArray;

struct Ports {
    PortsInUse in_use;
    bool dying = false;
};

class EventChannels {
public:
    explicit EventChannels(DomainId self) : self_(self) {}
    EventChannels(const EventChannels&) = delete;
    EventChannels& operator=(const EventChannels&) = delete;
    ~EventChannels();   // after reset() is done

    DomainId self() const { return self_; }

    // Birth: the shared_info page, the vcpus one by one, and how many ports the domain may have.
    void place_shared_info(shared_info* at) { shared_.store(at, std::memory_order_release); }
    void add_vcpu(VcpuEvents& vcpu) { vcpus_[vcpu.id().raw].store(&vcpu, std::memory_order_release); }
    void limit_ports(std::uint32_t most) { most_ports_ = most; }

    // The calls of <xen/event_channel.h>. Who may make them is decided by the caller.
    Result<Port> allocate_unbound(DomainId peer);
    Result<Port> bind_interdomain(EventChannels& remote, Port remote_port);
    Result<Port> bind_virq(Virq virq, VcpuId vcpu);
    Result<Port> bind_ipi(VcpuId vcpu);
    Result<Port> bind_pirq(Pirq pirq, bool will_share);
    Result<> close(Port port);
    Result<> send(Port port);
    Result<evtchn_status> status(Port port);
    Result<> bind_vcpu(Port port, VcpuId vcpu);
    Result<> unmask(Port port);
    Result<> init_control(VcpuId vcpu, SharedPage page, std::uint32_t offset);
    Result<> expand_array(SharedPage page);
    Result<> set_priority(Port port, std::uint32_t priority);
    // Every port closed, and two-level again. To be called until it is done.
    Step<> reset();

    // Events that Basalt itself raises. An event without a port is dropped.
    void raise_virq(VcpuEvents& vcpu, Virq virq);
    void raise_global_virq(Virq virq);
    void raise_pirq(Port port, Pirq pirq);

    Result<bool> is_pending(Port port);

    // The domain is dying: from now on ports can only be closed.
    void refuse_new_ports();

private:
    friend class Audit;
    friend class Fifo;
    friend class TwoLevel;
    friend class VcpuEvents;

    VcpuEvents* vcpu(VcpuId id) const { return id.raw < most_vcpus ? vcpus_[id.raw].load(std::memory_order_acquire) : nullptr; }
    VcpuEvents* vcpu(Route route) const { return vcpu(VcpuId(route.vcpu)); }
    std::uint32_t end_of_ports() const;

    struct Claim {
        Port port;
        PortRecord& record;
    };
    // The lowest port that may be used, now in use and still free.
    Result<Claim> claim(Ports& ports);
    bool still_linked(Port port);

    enum class Closed : std::uint8_t { done, changed };   // changed: by another CPU meanwhile, look again
    Result<Closed> try_close(Port port);
    Closed part(PortRecord& record, Port port, const Channel& seen);
    void forget(Ports& ports, Claim claim, const Channel& was);
    bool close_lowest();

    // Marks the port pending, and tells whom that concerns. Called with the lock of a port at either end, or of the table.
    void raise(PortRecord& record, Port port);
    // From its beginning to its end a poll hears of each event of its port, or, without one, of any.
    void begin_poll(VcpuEvents& vcpu, std::optional<Port> only);
    void end_poll(VcpuEvents& vcpu);
    void wake_pollers(Port port);

    DomainId self_;
    std::uint32_t most_ports_ = fifo_ports;
    std::atomic<shared_info*> shared_{nullptr};
    std::atomic<FifoArray*> fifo_{nullptr};        // null: two-level
    std::atomic<std::uint64_t> polling_{0};        // one bit a vcpu
    std::array<std::atomic<VcpuEvents*>, most_vcpus> vcpus_{};
    PortTable table_;
    Guarded<Ports, Rank::event_channels> ports_;
};

}  // namespace basalt::events
