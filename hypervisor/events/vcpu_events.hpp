// What events keep of each vcpu. Embedded in Vcpu.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "abi/event_channel.hpp"
#include "abi/xen.hpp"
#include "core/lock.hpp"
#include "core/number.hpp"
#include "core/result.hpp"
#include "events/shared_page.hpp"

namespace basalt::events {

class EventChannels;

inline constexpr std::size_t virqs = NR_VIRQS;
inline constexpr std::size_t priorities = EVTCHN_FIFO_MAX_QUEUES;

// The FIFO queues of one vcpu: heads are in the control block, which is the guest's; tails are ours.
struct FifoQueues {
    evtchn_fifo_control_block* control = nullptr;
    SharedPage page;
    std::array<std::uint32_t, priorities> tail{};   // port 0: none
};

class VcpuEvents {
public:
    VcpuEvents(EventChannels& domain, VcpuId id) : domain_(domain), id_(id) {}
    VcpuEvents(const VcpuEvents&) = delete;
    VcpuEvents& operator=(const VcpuEvents&) = delete;

    EventChannels& domain() const { return domain_; }
    VcpuId id() const { return id_; }

    // The vcpu_info, mapped where Basalt may write it; null until there is one. Vcpus below XEN_LEGACY_MAX_VCPUS have
    // one in shared_info from birth.
    vcpu_info* info() const { return info_.load(std::memory_order_acquire); }
    void place_info(vcpu_info* at) { info_.store(at, std::memory_order_release); }
    // register_vcpu_info: the new one takes over what the old one says, then everything is marked pending, so that
    // nothing is lost on the way. The caller sees to it that the vcpu is not running on another CPU.
    void move_info(vcpu_info* to);

    // Whether an upcall is to be made when the guest's kernel is entered next.
    bool upcall_due() const {
        auto* const info = this->info();
        return info != nullptr && read_once(info->evtchn_upcall_pending) != 0 && read_once(info->evtchn_upcall_mask) == 0;
    }
    bool is_upcall_pending() const {
        auto* const info = this->info();
        return info != nullptr && read_once(info->evtchn_upcall_pending) != 0;
    }
    // The vcpu, which runs here, waits from when it leaves its CPU: for an event (SCHEDOP_block), which its kernel is told of;
    void wait();
    // or for one of these ports to be pending, an event that is due, or this instant of system time; 0: none (SCHEDOP_poll).
    // Invalid: a port is beyond the table.
    Result<> poll(std::span<const evtchn_port_t> ports, std::uint64_t until);

    // Makes the guest look at its events: sets evtchn_upcall_pending, and notifies if it was clear.
    void mark_pending();

    // The port that a VIRQ of this vcpu is bound to; 0 is none.
    Port bound(Virq virq) const { return Port(virq_ports_[virq.raw].load(std::memory_order_acquire)); }

private:
    friend class Audit;
    friend class EventChannels;
    friend class Fifo;
    friend class TwoLevel;

    static std::uint8_t read_once(std::uint8_t& byte) { return std::atomic_ref(byte).load(std::memory_order_relaxed); }
    static void write_once(std::uint8_t& byte, std::uint8_t value) {
        std::atomic_ref(byte).store(value, std::memory_order_relaxed);
    }

    bool must_look();
    void end_poll();

    EventChannels& domain_;
    VcpuId id_;
    std::atomic<vcpu_info*> info_{nullptr};
    std::atomic<std::uint32_t> polled_port_{0};   // while it polls: one port, or 0 for several
    bool polls_ = false;   // a poll was begun: the next wait ends it first
    std::array<std::atomic<std::uint32_t>, virqs> virq_ports_{};
    Guarded<FifoQueues, Rank::event_queues> queues_;
};

}   // namespace basalt::events
