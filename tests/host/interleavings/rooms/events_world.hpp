// Two domains with an event channel between them, whose ports are made, joined, closed, masked, moved and waited for while
// events are sent.
#pragma once

#include <array>
#include <atomic>
#include <span>

#include "abi/xen.hpp"
#include "events/event_channels.hpp"

#include "programs.hpp"
#include "regions.hpp"

namespace basalt::interleaved::signalling {

using namespace events;

inline constexpr unsigned vcpus = 2;
// Of both domains: the first is joined to the other's first, the second waits to be joined.
inline constexpr Port joined(1), waiting(2);

struct Domain {
    explicit Domain(std::uint16_t number);
    EventChannels channels;
    std::array<VcpuEvents, vcpus> all;
    // What a vcpu waits for, and what its kernel has it wait for next: an event, or first a port, alone or as one of several.
    enum Wait : std::uint64_t { awake, any_event, a_port };
    std::array<std::atomic<std::uint64_t>, vcpus> asleep{};
    std::array<Wait, vcpus> next_wait{};
    shared_info shared{};
};

class World : public Regions {
public:
    static World& now() { return static_cast<World&>(*Model::now()); }

    void begin() override;
    void run(unsigned cpu) override;
    std::string wrong() override { return {}; }
    std::string left_over() override;

    Domain& one() { return one_.object; }
    Domain& two() { return two_.object; }

    // Of the second domain's vcpus, the first of which is on the first CPU. Who sleeps does nothing.
    void poll(unsigned vcpu, std::span<const evtchn_port_t> ports);
    void block(unsigned vcpu);
    // As a kernel does it.
    void take(unsigned vcpu);

    Acts<World> before;
    std::array<Acts<World>, cpus> programs;
    void* take_page();

private:
    static constexpr unsigned pages_of_each = 4;   // of each domain: a table's two, then the set of ports in use
    void watch(const std::string& name, Domain& domain, unsigned first_page, Guarded guarded);
    bool sleeps(unsigned vcpu);

    Room<Domain> one_, two_;
    Room<Pages<2 * pages_of_each>> pages_;
};

}   // namespace basalt::interleaved::signalling
