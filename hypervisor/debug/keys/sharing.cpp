// What domains have of the machine's memory and of each other.
#include <array>

#include "abi/event_channel.hpp"
#include "keys/tell.hpp"
#include "domain/domain.hpp"
#include "memory/allocator.hpp"
#include "memory/frame.hpp"

namespace basalt {
namespace {

std::uint32_t live_mappings(grants::GrantTable& table) {
    return table.mappings.with([](grants::MapTrack& track) {
        std::uint32_t live = 0;
        for (grants::Handle handle(0);; ++handle) {
            const grants::Mapping* const mapping = track.find(handle);
            if (mapping == nullptr) break;
            live += mapping->state == grants::Mapping::State::live ? 1 : 0;
        }
        return live;
    });
}

using PortCounts = std::array<std::uint32_t, EVTCHNSTAT_ipi + 1>;

PortCounts count_ports(events::EventChannels& channels) {
    PortCounts counts{};
    for (Port port(1); port.raw < events::fifo_ports; ++port)
        if (const auto status = channels.status(port)) ++counts[status->status];
    return counts;
}

}  // namespace

void tell_memory() {
    const FreeCounts memory = free_counts();
    tell("{} frames: {} free, {} of them below 4 GiB, {} claimed", memory.total, memory.free, memory.free_below_4g,
         memory.claimed);
    for_each_domain([](Domain& domain) {
        const std::uint64_t total = domain.memory.total.load(), claimed = domain.memory.claimed.load();
        if (const std::uint64_t most = domain.memory.most.load(); most < memory_views.end.raw)
            tell("  domain {}: {} of at most {} frames, {} claimed", domain.id, total, most, claimed);
        else
            tell("  domain {}: {} frames, {} claimed", domain.id, total, claimed);
    });
}

void tell_event_channels() {
    for_each_domain([](Domain& domain) {
        const PortCounts ports = count_ports(domain.events);
        tell("domain {}: {} unbound ports, {} to other domains, {} pirqs, {} virqs, {} IPIs", domain.id,
             ports[EVTCHNSTAT_unbound], ports[EVTCHNSTAT_interdomain], ports[EVTCHNSTAT_pirq], ports[EVTCHNSTAT_virq],
             ports[EVTCHNSTAT_ipi]);
    });
}

void tell_grants() {
    for_each_domain([](Domain& domain) {
        tell("domain {}: {} of at most {} frames of grants, {} grants of others mapped", domain.id, domain.grants.frame_count(),
             domain.grants.limit(), live_mappings(domain.grants));
    });
}

}  // namespace basalt
