// What event_channel_op answers, by the table of its rows and by nothing of the rooms': the ports of each domain, what each is
// and where its events go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "decoders/world.hpp"

namespace basalt::decoders {

class EventChannelModel {
public:
    explicit EventChannelModel(World& world) : world_(world) {}

    // What this call has to answer. The structure becomes what the guest has to be told, the ports what they have to become.
    Result<> call(std::size_t caller, std::uint32_t command, std::span<std::byte> structure);

    void begin_to_die(std::size_t domain) { domains_[domain].dying = true; }

    // A structure that has been told, without what it leaves open: between its fields, and behind the one of a union that
    // counts.
    static void clear_the_rest(std::uint32_t command, std::span<std::byte> structure);

    std::size_t held_pages() const;

    // In the 2-level layout, a port that the last call has made pending.
    struct End {
        std::size_t domain;
        std::uint32_t port;
    };
    std::optional<End> raised() const { return raised_; }

private:
    struct Port {
        std::uint32_t status;   // EVTCHNSTAT_*
        std::uint32_t vcpu = 0;
        std::uint16_t peer = 0;   // unbound: who may bind; interdomain: who has
        std::uint32_t number = 0;   // interdomain: the peer's port; virq, pirq: which
    };
    struct PortsOf {
        std::map<std::uint32_t, Port> bound;
        std::set<std::uint32_t> known;   // runs of ports of which one has been bound before
        bool dying = false;
        bool fifo = false;
        std::array<bool, World::vcpus_each> has_control{};
        std::vector<std::size_t> array;   // the guest's pages of event words
    };

    // Whom a call of the caller's is about. Of a dying domain nobody hears any more but itself, as DOMID_SELF.
    Result<std::size_t> living(std::size_t caller, std::uint16_t id) const;
    Result<std::size_t> acted_for(std::size_t caller, std::uint16_t id) const;

    bool is_known(const PortsOf& ports, std::uint32_t port) const;
    bool is_linked(std::size_t domain, std::uint32_t port) const;
    Result<std::uint32_t> lowest_free(std::size_t domain);
    Result<std::uint32_t> bind(std::size_t domain, const Port& port);
    void close(std::size_t domain, std::uint32_t port);
    void raise(std::size_t domain, std::uint32_t port);

    Result<> alloc_unbound(std::size_t caller, std::span<std::byte> structure);
    Result<> bind_interdomain(std::size_t caller, std::span<std::byte> structure);
    Result<> bind_virq(std::size_t caller, std::span<std::byte> structure);
    Result<> bind_pirq(std::size_t caller, std::span<std::byte> structure);
    Result<> bind_ipi(std::size_t caller, std::span<std::byte> structure);
    Result<> bind_vcpu(std::size_t caller, std::span<std::byte> structure);
    Result<> close(std::size_t caller, std::span<std::byte> structure);
    Result<> send(std::size_t caller, std::span<std::byte> structure);
    Result<> status(std::size_t caller, std::span<std::byte> structure);
    Result<> unmask(std::size_t caller, std::span<std::byte> structure);
    Result<> reset(std::size_t caller, std::span<std::byte> structure);
    Result<> init_control(std::size_t caller, std::span<std::byte> structure);
    Result<> expand_array(std::size_t caller, std::span<std::byte> structure);
    Result<> set_priority(std::size_t caller, std::span<std::byte> structure);

    World& world_;
    std::array<PortsOf, World::domain_count> domains_;
    std::optional<End> raised_;
};

}   // namespace basalt::decoders
